/* SPDX-License-Identifier: GPL-2.0-only */
/* evict.pml - rows that go to make room, and elements of a map that are another key's at once
 *
 * Here a row is copied and written word by word. A map has ELEMENTS elements and two keys, each on a stripe of its own.
 * A program that looked a key up holds an element, whose key may change under it; the element is not waited for. `sum`
 * stands for the checksum over the requested key, the stamp and the value, and never collides.
 */
#ifndef ELEMENTS
#define ELEMENTS 1
#endif
#define VALUE(k,v)	(4 * (k) + (v))		/* what the daemon says of key k; v, its version */
#ifdef M_SUM_WITHOUT_KEY
#define SUM(k,st,v)	(1 + (v) + 8 * (st))
#else
#define SUM(k,st,v)	(1 + (v) + 8 * (st) + 128 * (k))
#endif
#define NONE	9

byte truth[2], seen[2];
byte elem[2] = NONE;			/* key -> element; a map's own lock makes a look-up, a link and an unlink one step */
bool taken[ELEMENTS];			/* has a key, or will have one */
byte stamp_[ELEMENTS], value[ELEMENTS];
short sum[ELEMENTS];

#define UNLINK(k)	taken[elem[k]] = false; elem[k] = NONE

/* bpf_map_update_elem(BPF_NOEXIST): an element that is free, or the other key's */
#define TAKE(e,k) \
	d_step { \
		if \
		:: !taken[0] -> e = 0; taken[0] = true \
		:: else -> \
			if \
			:: ELEMENTS == 2 && !taken[ELEMENTS - 1] -> e = ELEMENTS - 1; taken[ELEMENTS - 1] = true \
			:: else -> \
				if \
				:: elem[1 - (k)] != NONE -> e = elem[1 - (k)]; elem[1 - (k)] = NONE \
				:: else -> e = NONE \
				fi \
			fi \
		fi }

proctype External() { truth[0]++ }	/* somebody changes key 0's file behind the mount */

proctype Changer() {
	byte s, o, n, v;
	busy[0]++;
	d_step { truth[0]++; v = truth[0] };
	DRAW(s); RAISE(last[0],s,o,n);
	d_step { busy[0]--; MAXG(seen[0], v); s = 0; o = 0; v = 0 }
}
proctype Fill(byte k) {
	byte c, v, s, o, n, e; bool stored, kill;
	c = seq; v = truth[k];
	busy[k]++;
	if
	:: e = NONE					/* refused: by the policy, by a failing map */
	:: e = elem[k];
		if
		:: e != NONE ->				/* there is a row: it is overwritten in place */
			stamp_[e] = c; value[e] = VALUE(k, v); sum[e] = SUM(k, c, VALUE(k, v));
			stored = true
		:: else ->
			TAKE(e,k);
			if
			:: e != NONE ->
				stamp_[e] = c; value[e] = VALUE(k, v); sum[e] = SUM(k, c, VALUE(k, v));
				d_step {
					if
					:: elem[k] == NONE -> elem[k] = e; stored = true
					:: else -> taken[e] = false	/* -EEXIST: somebody else's row */
					fi }
			:: else
			fi
		fi
	fi;
	DRAW(s);
	d_step { kill = (told[k] > c);
#ifndef M_REFUSED_NOT_KILLED
		kill = kill || !stored;
#endif
		MAXG(told[k], s) };
	if :: kill -> RAISE(last[k],s,o,n) :: else fi;
	d_step { busy[k]--; MAXG(seen[k], v); v = 0; c = 0; s = 0; o = 0; e = 0; stored = false; kill = false }
}
proctype Evict() {			/* reclaim(), ext_drop_attr(), the LRU's own */
	if
	:: d_step { elem[0] != NONE -> UNLINK(0) }
	:: true
	fi
}
proctype Look() {
	byte e, v, st, floor; short got; bool ok = true;
	d_step { floor = seen[0]; e = elem[0] };
	if :: e == NONE -> goto out :: else fi;
	got = sum[e]; st = stamp_[e]; v = value[e];
#ifndef M_SUM_UNCHECKED
	ok = (got == SUM(0, st, v));
#endif
	if :: !ok || st == 0 -> goto out :: else fi;
	CHK_BUSY(0); CHK_LAST(0,st);
#ifdef M_ANSWER_FROM_MAP		/* mutant: the copy was checked, and the map is answered from */
	if :: ok -> v = value[e] :: else fi;
#endif
	if
	:: ok -> d_step { assert(v < VALUE(1, 0)); assert(v >= floor); MAXG(seen[0], v)
#ifdef REACH
		; assert(!(v > 0))
#endif
		}
	:: else
	fi;
out:	skip
}
WITNESS(seen[0],truth[0])
init { atomic { run Fill(0); run Evict(); run Look();
#ifdef BEHIND
	run External(); run Fill(0)
#else
	run Changer(); run Witness(); run Fill(1)
#endif
} }
