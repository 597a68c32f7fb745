/* SPDX-License-Identifier: GPL-2.0-only */
/* xattr.pml - rows of extended attributes: values, attributes that do not exist, and the list of names
 *
 * Stripe 0 = the attribute's name, stripe 1 = the list's name, both of one inode, whose own counts stand apart. The
 * daemon's file has the attribute or has not: `truth` counts how often that changed, so the attribute exists while it is
 * odd, and `rev` counts what changed in its value. SCEN_XATTR: changes through the mount. SCEN_LIST: one behind it.
 */
#define EXISTS(e)	((e) & 1)

byte ibusy, ilast;		/* busy and last of the inode */
byte xbusy, xlast;		/* of changes that may add an attribute */
byte listed;			/* of the list's stripe */
byte truth, rev;
byte seen, seenrev;		/* ghosts: newest of each that anybody learnt */
byte vale, valr, valst;		/* row of the value; of what does not exist if vale is even */
byte lise, lisst;		/* row of the list */

/* GETXATTR: busy is the coarse xbusy until the handler has read the name, then the name's */
proctype Get() {
	byte c, e, r, s, o, n, le, ls, t; bool kill, listkill;
	c = seq;
	d_step { e = truth; r = rev };
	xbusy++;
	busy[0]++; xbusy--;
	d_step { vale = e; valr = r; valst = c };
#ifdef SCEN_LIST
#ifndef M_LIST_IGNORED
	/* overtake_lists(), told_existence(): first the number, then the row */
#ifndef M_LIST_UNDER_WAY_NOT_TOLD	/* mutant: a row that agrees leaves lists under way alone */
	DRAW(t);
	d_step { listkill = (told[1] > c); MAXG(told[1], t) };
#endif
	d_step { le = lise; ls = lisst };
	if
	:: ls != 0 && ls >= last[1] && EXISTS(le) == EXISTS(e)
	:: else -> DRAW(s); RAISE(last[1],s,o,n)
	fi;
#endif
#endif
	DRAW(s);
	d_step { kill = (told[0] > c) || listkill; MAXG(told[0], s) };
#if defined(SCEN_LIST) && !defined(M_LIST_NOT_LOOKED_AT_AGAIN)
	kill = kill || told[1] > t;
#endif
	if :: kill -> RAISE(last[0],s,o,n) :: else fi;
	d_step { busy[0]--; MAXG(seen, e); MAXG(seenrev, r); e = 0; r = 0; c = 0; s = 0; o = 0; kill = false; listkill = false; le = 0; ls = 0; t = 0 }
}
proctype List() {
	byte c, e, s, o, n, le, ls, was; bool kill, known;
	c = seq; e = truth;
	xbusy++;
	busy[1]++; xbusy--;
	was = last[1];
	d_step { le = lise; ls = lisst };
	known = (ls != 0 && ls >= last[1] && EXISTS(le) == EXISTS(e));		/* known_list() */
	d_step { lise = e; lisst = c };
	/* close_list() */
	DRAW(s);
	d_step { kill = (told[1] > c); MAXG(told[1], s) };
#ifndef M_LIST_IGNORED
	if
#ifdef M_LIST_KNOWN_THOUGH_OVERTAKEN	/* mutant: what was known ends no value, whatever was told since */
	:: !known -> DRAW(ls); RAISE(listed,ls,o,n)
#else
	:: !known || kill || last[1] != was -> DRAW(ls); RAISE(listed,ls,o,n)
#endif
	:: else
	fi;
#endif
	if :: kill -> RAISE(last[1],s,o,n) :: else fi;
	d_step { busy[1]--; MAXG(seen, e); e = 0; c = 0; s = 0; o = 0; kill = false; known = false; le = 0; ls = 0; was = 0 }
}
#ifdef SCEN_XATTR
proctype Adder() {		/* SETXATTR, REMOVEXATTR: CLASS_INODE | CLASS_XATTRS */
	byte s, o, n, v, w;
	ibusy++;
#ifndef M_MISSING_KEPT
	xbusy++;
#endif
	d_step { truth++; rev++; v = truth; w = rev };
	DRAW(s);
	RAISE(ilast,s,o,n);
#ifndef M_MISSING_KEPT
	RAISE(xlast,s,o,n);
#endif
	ibusy--;
#ifndef M_MISSING_KEPT
	xbusy--;
#endif
	d_step { MAXG(seen, v); MAXG(seenrev, w); v = 0; w = 0; s = 0; o = 0 }
}
proctype Writer() {		/* WRITE: drops security.capability, or changes it; adds none */
	byte s, o, n, v, w;
#ifndef M_WRITE_KEEPS_VALUES
	ibusy++;
#endif
	d_step { if :: EXISTS(truth) -> truth++ :: else fi; rev++; v = truth; w = rev };
#ifndef M_WRITE_KEEPS_VALUES
	DRAW(s); RAISE(ilast,s,o,n);
	ibusy--;
#endif
	d_step { MAXG(seen, v); if :: EXISTS(v) -> MAXG(seenrev, w) :: else fi; v = 0; w = 0; s = 0; o = 0 }
}
#endif
proctype Look() {		/* GETXATTR */
	byte e, r, st, floor, frev; bool ok = true;
	d_step { floor = seen; frev = seenrev; e = vale; r = valr; st = valst };
	if :: st == 0 -> goto out :: else fi;
	CHK_BUSY(0);
	ok = ok && xbusy == 0;
	if :: EXISTS(e) -> ok = ok && ibusy == 0 :: else fi;
	if :: !ok -> goto out :: else fi;
	CHK_LAST(0,st);
	ok = ok && st >= xlast;
	if :: EXISTS(e) -> ok = ok && st >= ilast :: else fi;
#ifndef M_LIST_IGNORED
	ok = ok && st >= listed;
#endif
	if
	:: ok -> d_step { assert(EXISTS(e) == EXISTS(floor) || e >= floor);
		assert(!EXISTS(e) || r >= frev); MAXG(seen, e);
		if :: EXISTS(e) -> MAXG(seenrev, r) :: else fi
#ifdef REACH
		; assert(!(e > 0))
#endif
		}
	:: else
	fi;
out:	skip
}
proctype LookList() {		/* LISTXATTR */
	byte e, st, floor; bool ok = true;
	d_step { floor = seen; e = lise; st = lisst };
	if :: st == 0 -> goto out :: else fi;
	CHK_BUSY(1);
	ok = ok && xbusy == 0 && ibusy == 0;
	if :: !ok -> goto out :: else fi;
	CHK_LAST(1,st);
	ok = ok && st >= xlast && st >= ilast;
	if
	:: ok -> d_step { assert(EXISTS(e) == EXISTS(floor) || e >= floor); MAXG(seen, e)
#ifdef REACH
		; assert(!(e > 0))
#endif
		}
	:: else
	fi;
out:	skip
}
#ifdef SCEN_LIST
proctype External() {
	truth++
#ifdef TWICE			/* and back, beside the row of a list of before, which may be dead */
	; truth++
#endif
}
init { atomic {
#ifdef TWICE
	seq = 1; lise = 0; lisst = 1;
#endif
	run External(); run Get(); run List();
#ifdef OF_VALUES
	run Look()
#else
	run LookList()
#endif
} }
#else
proctype Witness() { d_step { MAXG(seen, truth); if :: EXISTS(truth) -> MAXG(seenrev, rev) :: else fi } }
init { atomic { run Adder(); run Writer(); run Get(); run Look(); run Witness() } }
#endif
