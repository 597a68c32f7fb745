/* SPDX-License-Identifier: GPL-2.0-only */
/* rename.pml - RENAME: two names, two directories, the inode that moves and the one that it replaces
 *
 * begin() and end() of dispatch.bpf.c and ext_changes_two_names() of names.h, step by step, with a handler that narrows,
 * without one, and with an input that cannot be read. One of the six objects is looked at, any one; what a witness saw
 * of any other holds for it, since all change at once. Stripes may be shared.
 */
#define NAME0	0		/* in P */
#define NAME1	1		/* in Q */
#define P	2
#define Q	3
#define X	4		/* moves from NAME0 to NAME1 */
#define Y	5		/* was NAME1 */

#define NARROW	0		/* the handler says both names */
#define COARSE	1		/* no handler */
#define UNREAD	2		/* bpf_extfuse_read_args() failed: everything is closed, and the handler says nothing */

byte st[6];			/* stripe of each object */
byte nbusy[2], nlast[2];	/* of P and Q */
byte allbusy, alllast;
byte how, qn;			/* qn: Q's place in nbusy */
byte truth, seen;		/* one version for all six: ghosts */
byte obj, rowv, rowst;		/* the object that is looked at, and its row */

/* RENAME_EXCHANGE and RENAME_WHITEOUT change the same six. */
proctype Rename() {
	byte s, o, n, v; bool failed;
	/* begin: the dispatcher */
	busy[st[P]]++;
#ifndef M_CHILDREN_IGNORED
	busy[st[X]]++; busy[st[Y]]++;
#endif
	nbusy[0]++;
	if
	:: how == UNREAD -> allbusy++
	:: else ->
#ifndef M_NEW_PARENT_IGNORED
		busy[st[Q]]++; nbusy[qn]++
#else
		skip
#endif
	fi;
	/* narrow: the handler */
	if
	:: how == NARROW ->
		busy[st[NAME0]]++;
#if !defined(M_NEW_PARENT_IGNORED) && !defined(M_SECOND_NAME_UNSAID)
		busy[st[NAME1]]++;
#endif
		nbusy[0]--;
#ifndef M_NEW_PARENT_IGNORED
		nbusy[qn]--
#endif
	:: else
	fi;
	/* the daemon; who fails may have changed it all the same (EINTR, EIO) */
	if
	:: atomic { truth++; v = truth; failed = false }
	:: atomic { truth++; v = truth; failed = true }
	:: failed = true
	fi;
	/* end */
#ifdef M_FAILED_IS_NO_CHANGE
	if :: failed -> goto lower :: else fi;
#endif
	DRAW(s);
	RAISE(last[st[P]],s,o,n);
#ifndef M_CHILDREN_IGNORED
	RAISE(last[st[X]],s,o,n); RAISE(last[st[Y]],s,o,n);
#endif
	if :: how != NARROW -> RAISE(nlast[0],s,o,n) :: else fi;
	if
	:: how == UNREAD -> RAISE(alllast,s,o,n)
	:: else ->
#ifndef M_NEW_PARENT_IGNORED
		RAISE(last[st[Q]],s,o,n);
		if :: how == COARSE -> RAISE(nlast[qn],s,o,n) :: else fi
#else
		skip
#endif
	fi;
	if
	:: how == NARROW ->
		RAISE(last[st[NAME0]],s,o,n);
#if !defined(M_NEW_PARENT_IGNORED) && !defined(M_SECOND_NAME_UNSAID)
		RAISE(last[st[NAME1]],s,o,n)
#endif
	:: else
	fi;
lower:	busy[st[P]]--;
#ifndef M_CHILDREN_IGNORED
	busy[st[X]]--; busy[st[Y]]--;
#endif
	if :: how != NARROW -> nbusy[0]-- :: else fi;
	if
	:: how == UNREAD -> allbusy--
	:: else ->
#ifndef M_NEW_PARENT_IGNORED
		busy[st[Q]]--;
		if :: how == COARSE -> nbusy[qn]-- :: else fi
#else
		skip
#endif
	fi;
	if
	:: how == NARROW ->
		busy[st[NAME0]]--;
#if !defined(M_NEW_PARENT_IGNORED) && !defined(M_SECOND_NAME_UNSAID)
		busy[st[NAME1]]--
#endif
	:: else
	fi;
	d_step { MAXG(seen, v); s = 0; o = 0; v = 0 }
}
proctype Fill() {
	byte c, v;
	c = seq; v = truth;
	d_step { rowv = v; rowst = c; MAXG(seen, v); v = 0; c = 0 }
}
WITNESS(seen,truth)		/* of any object */
proctype Look() {
	byte v, stamp, floor, k, np; bool ok = true;
	d_step { floor = seen; v = rowv; stamp = rowst; k = st[obj]; np = (obj == NAME0 -> 0 : qn) };
	if :: stamp == 0 -> goto out :: else fi;
	CHK_BUSY(k);
	if :: obj <= NAME1 -> ok = ok && nbusy[np] == 0 :: else fi;
	ok = ok && allbusy == 0;
	if :: !ok -> goto out :: else fi;
	CHK_LAST(k,stamp);
	if :: obj <= NAME1 -> ok = ok && stamp >= nlast[np] :: else fi;
	ok = ok && stamp >= alllast;
	if
	:: ok -> d_step { assert(v >= floor)
#ifdef REACH
		; assert(!(v > 0))
#endif
		}
	:: else
	fi;
out:	skip
}
init {
	byte i;
	atomic {
		if :: how = NARROW :: how = COARSE :: how = UNREAD fi;
		d_step { i = 0; do :: i < 6 -> st[i] = i; i++ :: else -> break od; i = 0; qn = 1 };
		if
		:: skip					/* each has its own stripe */
		:: st[NAME1] = NAME0
		:: d_step { st[Q] = P; qn = 0 }		/* or within one directory */
		:: st[X] = P
		:: st[Y] = X				/* or a link over another one of the same inode */
		fi;
		if :: obj = NAME0 :: obj = NAME1 :: obj = P :: obj = Q :: obj = X :: obj = Y fi;
		run Rename(); run Fill(); run Witness(); run Look()
	}
}
