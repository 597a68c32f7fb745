/* SPDX-License-Identifier: GPL-2.0-only */
/* attach.pml - changes that were in flight when a program was attached, and rows of an earlier connection
 *
 * The driver attaches the program while it takes in the reply to INIT, shows it the event ATTACH, and only then says
 * that the connection is initialized; the library opens the epoch last. Requests may have passed the first hook before,
 * without a program; they wait in fuse_get_req() and are shown to the program when they come out (extfuse_observe()).
 */
#define OLD	3		/* what rows of the earlier connection say; the daemon's files have version 0, 1 or 2 */

bool prog, inited;		/* kernel: fc->extfuse.prog, fc->initialized */
bit  epoch;
byte alllast;
byte unseen;			/* ghost: changes that are out and that the program did not see */
byte truth, seen;
byte rowv = OLD, rowst = 1;	/* stamped with the sequence as it is at the start: alive in its stripe */

proctype Attach() {
	byte s, o, n;
#ifdef LATE			/* variant: a program may come when requests are out */
	inited = true;
#endif
	prog = true;
#ifndef M_ATTACH_KEEPS_ROWS
	DRAW(s); RAISE(alllast,s,o,n);		/* the event ATTACH */
#endif
#ifdef LATE
#ifndef M_OPENED_AT_ONCE
	unseen == 0;				/* rule 3: closed until they have drained */
#endif
#else
	inited = true;
#endif
	epoch = 1
}
proctype Changer() {
	byte s, o, n, v; bool begun;
	if :: prog -> busy[0]++; begun = true :: !prog fi;
	inited;							/* fuse_get_req() */
	atomic {
#ifndef M_WAITERS_UNSEEN
		if :: prog && !begun -> busy[0]++; begun = true :: else fi;
#endif
		if :: !begun -> unseen++ :: else fi
	}
	atomic { truth++; v = truth };
	if
	:: begun -> DRAW(s); RAISE(last[0],s,o,n); busy[0]--
	:: !begun && prog ->
#ifndef M_UNSEEN_SILENT
		DRAW(s); RAISE(last[0],s,o,n);			/* end_unseen() */
#endif
		skip
	:: !begun && !prog		/* the program knows nothing of it, and has no row that is younger than itself */
	fi;
	d_step { MAXG(seen, v); if :: !begun -> unseen-- :: else fi }
}
proctype Fill() {
	byte c, v, s, o, n;
	if :: prog -> c = seq :: !prog fi;
	inited;
#ifndef M_WAITERS_UNSEEN
	if :: prog && c == 0 -> c = seq :: else fi;
#endif
	v = truth;
	if
	:: prog && c != 0 -> d_step { rowv = v; rowst = c }
	:: prog && c == 0 -> DRAW(s); RAISE(last[0],s,o,n)	/* told, and not stored: what says otherwise dies */
	:: !prog
	fi;
	d_step { MAXG(seen, v); v = 0; c = 0; s = 0; o = 0 }
}
WITNESS(seen,truth)
proctype OldFill() {			/* the earlier daemon's, applied late; its token is from before the attach */
	byte t = 1;
	d_step { rowv = OLD; rowst = t }
}
proctype Look() {
	byte v, stamp, floor; bool ok = true;
	prog && inited;						/* extfuse_may_answer() */
	if :: epoch == 0 -> goto out :: else fi;
	d_step { floor = seen; v = rowv; stamp = rowst };
	CHK_BUSY(0); CHK_LAST(0,stamp);
	ok = ok && stamp >= alllast;
	if
	:: ok -> d_step { assert(v != OLD); assert(v >= floor); MAXG(seen, v)
#ifdef REACH
		; assert(!(v > 0))
#endif
		}
	:: else
	fi;
out:	skip
}
init { atomic {
#if !defined(LATE) || defined(M_EPOCH_LEFT_OPEN)
	if :: epoch = 0 :: epoch = 1 fi;			/* 1: left open by the earlier connection */
#endif
	run Attach(); run Changer(); run Fill(); run Look(); run Witness();
#ifdef TWO_CHANGERS
	run Changer()
#else
	run OldFill()
#endif
} }
