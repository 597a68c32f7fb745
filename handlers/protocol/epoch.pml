/* SPDX-License-Identifier: GPL-2.0-only */
/* epoch.pml - programs in the slots are exchanged (SCEN_EPOCH), counts are reset (SCEN_RESET) on a running mount
 *
 * The dispatcher stays; slots are emptied and filled one by one. A run of the dispatcher keeps the program that it found
 * in the slot, however late that program goes on: nothing but a grace period waits for it.
 */
byte epoch = 1;
byte phase, runs[2];		/* programs that run, by the grace period in which they began */

#define ENTER(ph)	d_step { ph = phase; runs[ph]++ }
#define LEAVE(ph)	runs[ph]--
#define SYNCHRONIZE	phase = 1 - phase; runs[1 - phase] == 0

#ifdef SCEN_EPOCH
#define EMPTY	0
#define A	1
#define B	2

byte request = A, reply = A;	/* slots of one opcode */
byte truth, seen;
#ifdef NO_FILL			/* a row that was there before */
byte rowv, rowst = 1, rowby = A, rowep = 1;
#else
byte rowv, rowst, rowby, rowep;	/* rowby, ghost: whose row it is; rowep: epoch in its checksum */
#endif

proctype Switcher() {
#ifdef EMPTIED			/* as when the last reference to the prog array goes: nobody closes the epoch */
	request = EMPTY; reply = EMPTY;
	if :: request = A; reply = A :: skip fi
#else
#ifndef M_STILL_OPEN
	epoch = 0;
#endif
	if :: reply = EMPTY; request = EMPTY :: skip fi;
	if :: request = B; reply = B :: reply = B; request = B fi;
#ifndef M_NO_GRACE_PERIOD
	SYNCHRONIZE;
#endif
#ifdef M_SAME_EPOCH
	epoch = 1
#else
	epoch = 2
#endif
#endif
}
/* stripe 0 = the name, busy[1] and last[1] = nbusy and nlast of its directory */
proctype Changer(byte k) {		/* of name k; name 2 is in the directory, too, and nobody looks at it */
	byte s, o, n, v, by, ph; bool name;
	ENTER(ph);
	busy[1]++;
	by = request;
	if :: by != EMPTY -> busy[k]++; busy[1]--; name = true :: else fi;
	LEAVE(ph);
	if :: k == 0 -> atomic { truth++; v = truth } :: else fi;
	ENTER(ph);
	DRAW(s);
	if
	:: name -> RAISE(last[k],s,o,n); busy[k]--
	:: else -> RAISE(last[1],s,o,n); busy[1]--
	fi;
	d_step { LEAVE(ph); MAXG(seen, v); s = 0; o = 0; v = 0; by = 0 }
}
proctype Fill() {
	byte c, v, s, o, n, by, ep, ph;
	c = seq; v = truth;
	ENTER(ph);
	busy[1]++;					/* told: the dispatcher */
	by = reply;
	if
	:: by != EMPTY ->
		busy[0]++; busy[1]--;
		ep = epoch;				/* seed() */
		d_step { rowv = v; rowst = c; rowby = by; rowep = ep };
		busy[0]--
	:: else ->
		DRAW(s); RAISE(last[1],s,o,n); busy[1]--
	fi;
	d_step { LEAVE(ph); MAXG(seen, v); v = 0; c = 0; by = 0; ep = 0; s = 0; o = 0 }
}
proctype Look() {
	byte v, stamp, by, ep, me, floor, ph; bool ok = true;
	d_step { ph = phase; runs[ph]++; floor = seen };
	me = request;
	if :: me == EMPTY -> goto out :: else fi;
	ep = epoch;
	if :: ep == 0 -> goto out :: else fi;
#ifdef M_EPOCH_READ_TWICE	/* mutant: the checksum is that of another epoch than the one that was open */
	ep = epoch;
#endif
	d_step { v = rowv; stamp = rowst; by = rowby; ok = (rowst != 0);
#ifndef M_EPOCH_UNCHECKED
		ok = ok && rowep == ep
#endif
		};
	if :: !ok -> goto out :: else fi;
	CHK_BUSY(0); CHK_BUSY(1); CHK_LAST(0,stamp); CHK_LAST(1,stamp);
	if
	:: ok -> d_step { assert(v >= floor); assert(by == me); MAXG(seen, v)
#ifdef REACH
		; assert(!(v > 0 && me == B))
#endif
		}
	:: else
	fi;
out:	LEAVE(ph)
}
WITNESS(seen,truth)
init { atomic { run Switcher(); run Changer(0); run Look();
#ifndef NO_FILL
	run Fill();
#endif
#ifdef TWO_CHANGERS
	run Changer(2);
#endif
	run Witness() } }
#endif

#ifdef SCEN_RESET
/* Nobody resets counts yet; who does may rely on `ext_generation` if no program runs meanwhile. */
byte gen;
byte before;			/* ghost: changes in flight that were begun before the reset */
byte truth, seen, rowv;
#ifdef NO_FILL			/* a row that was there before */
byte rowst = 1;
#else
byte rowst;
#endif

proctype Resetter() {
	epoch = 0;
#ifdef M_RESET_WHILE_PROGRAMS_RUN
	gen++;
	busy[0] = 0;
#else
	atomic { runs[0] == 0 -> gen++; busy[0] = 0 };
#endif
#ifndef M_RESET_OPENS_AT_ONCE
	before == 0;
#endif
	epoch = 1
}
proctype Changer() {
	byte s, o, n, v, g, ph; bool early;
	d_step { ph = 0; runs[0]++; early = (gen == 0); if :: early -> before++ :: else fi };
	g = gen;
	busy[0]++;
	LEAVE(ph);
	atomic { truth++; v = truth };
	ENTER(ph);
	DRAW(s); RAISE(last[0],s,o,n);
#ifndef M_GENERATION_IGNORED
	if :: g == gen -> busy[0]-- :: else fi;
#else
	busy[0]--;
#endif
	d_step { LEAVE(ph); MAXG(seen, v); if :: early -> before-- :: else fi; s = 0; o = 0; v = 0; g = 0 }
}
proctype Fill() {
	byte c, v;
	c = seq; v = truth;
	d_step { rowv = v; rowst = c; MAXG(seen, v); v = 0; c = 0 }
}
proctype Look() {
	byte v, stamp, floor; bool ok = true;
	d_step { runs[0]++; floor = seen };
	if :: epoch == 0 -> goto out :: else fi;
	d_step { v = rowv; stamp = rowst };
	if :: stamp == 0 -> goto out :: else fi;
	CHK_BUSY(0); CHK_LAST(0,stamp);
	if
	:: ok -> d_step { assert(v >= floor); MAXG(seen, v)
#ifdef REACH
		; assert(!(v > 0 && gen == 1))
#endif
		}
	:: else
	fi;
out:	LEAVE(0)
}
WITNESS(seen,truth)
init { atomic { run Resetter(); run Changer(); run Changer(); run Look();
#ifndef NO_FILL
	run Fill();
#endif
	run Witness() } }
#endif
