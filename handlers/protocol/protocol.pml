/* SPDX-License-Identifier: GPL-2.0-only */
/* protocol.pml - Promela model of the coherence protocol (README.md beside it).
 *
 * One statement = one map/array access or one BPF atomic. A row copy is one step, because a torn copy fails its
 * checksum and is a miss. SPIN is sequentially consistent: reorderings that arm64 may do are seeded as mutants.
 *
 * Ghost state (never read by the protocol): `seen` = newest version that any observer got (a changer that returned,
 * a requester served by the daemon, a hit). A reader takes floor = seen when its request begins; a hit must be
 * >= floor. That is P1 (changes completed before), and P2 (per reader and across readers that synchronise).
 *
 * Scenarios (-DSCEN_x):
 *   SCEN_ATTR    two objects on one stripe, overlapping changers, failed requests, lost REPLYs, fillers, readers
 *   SCEN_EXT     as ATTR, with changes behind the mount (no hook): monotonicity of what was seen      (-DTOLD = fix)
 *   SCEN_JOINT   a LOOKUP answer = name row + attr row on different stripes: is the pair one snapshot?
 *   SCEN_PARENT  nodeid of a directory forgotten and reused; name rows (negative and positive) below it
 *   SCEN_CHILD   name f -> nodeid X, FORGET, reuse of X for another file, rename over f, live-inode rule
 *   SCEN_RAISE   three raisers of one `last`: bound of the cmpxchg loop, fallback, recovery
 *   SCEN_NARROW  a change begins coarsely (all names of a directory), its handler begins precisely and takes the
 *                coarse begin back; another one has no handler and stays coarse
 *   SCEN_FILL    rows come from the daemon's fills; replies only kill rows that say otherwise
 *   SCEN_WALK    entries of one READDIRPLUS tell with one number, on a shared stripe
 * and in files of their own, rename.pml, attach.pml, epoch.pml, evict.pml and xattr.pml:
 *   SCEN_RENAME  two names, two directories, two inodes; handler present, absent, or without its input
 *   SCEN_ATTACH  changes that were in flight at the attach, rows of an earlier connection
 *   SCEN_EPOCH   slots are emptied and exchanged, the epoch switched; SCEN_RESET: counts are reset
 *   SCEN_EVICT   rows make room for others, elements are used again, copies are torn
 *   SCEN_XATTR   values and absence of an extended attribute; SCEN_LIST: the list of names, changes behind the mount
 * Mutants / variants: -D flags, listed in runs.list.
 */
#ifndef TRIES
#define TRIES 3			/* bound of the cmpxchg loop; >= number of CPUs - 1 */
#endif
#define DEAD 255		/* all ones: larger than every stamp */

#ifdef P1ONLY			/* only completed changes count, not what other observers saw */
#define OBS(a,b) skip
#else
#define OBS(a,b) MAXG(a,b)
#endif
#define MAXG(a,b) if :: (a) < (b) -> a = b :: else fi

byte seq = 1;			/* global sequence; a stamp 0 means "not noted" */
#if defined(SCEN_RENAME)
#define STRIPES 6
#elif defined(SCEN_EPOCH)
#define STRIPES 3
#else
#define STRIPES 2
#endif
byte last[STRIPES], busy[STRIPES];
byte forg[2];			/* `forgotten` stripes */
byte told[2];			/* -DTOLD: number of the latest delivered answer */

/* Whom the daemon told of the object, in a reply that left no row. A hit is no witness: its row was delivered before. */
#define WITNESS(seen,truth) proctype Witness() { d_step { MAXG(seen, truth) } }

/* s = ++seq: BPF_FETCH atomic, one step */
#define DRAW(s)	d_step { seq++; s = seq }

/* raise L to s: plain load, then cmpxchg, at most TRIES failures, then all ones */
#ifdef M_PLAINSTORE
#define RAISE(L,s,o,n) L = s
#else
#define RAISE(L,s,o,n) \
	o = L; n = 0; \
	do \
	:: o >= s -> break \
	:: o < s && n <  TRIES -> \
		d_step { if :: L == o -> L = s; o = s :: else -> o = L; n++ fi } \
	:: o < s && n >= TRIES -> L = DEAD; FALLBACK; break \
	od; n = 0
#endif
#ifdef NOFALLBACK
#define FALLBACK assert(false)
#else
#define FALLBACK skip
#endif

/* ---- change: begin and end on stripe k. Minimal: busy++ | request | s=++seq; raise last; busy-- ---------------- */
#ifdef BEGIN_DRAW		/* variant: also draw and raise at begin */
#define BEGIN(k,s,o,n)	busy[k]++; DRAW(s); RAISE(last[k],s,o,n)
#else
#define BEGIN(k,s,o,n)	busy[k]++
#endif
#ifdef M_NOENDDRAW		/* busy, and last raised at begin only */
#define END(k,s,o,n)	skip
#else
#ifdef M_BUSYDOWN_FIRST		/* mutant: end in the wrong order (= no release on busy--) */
#define END(k,s,o,n)	busy[k]--; DRAW(s); RAISE(last[k],s,o,n)
#else
#ifdef M_DRAW_EARLY		/* mutant: raise at the end to a number drawn at begin */
#define END(k,s,o,n)	RAISE(last[k],s,o,n)
#else
#define END(k,s,o,n)	DRAW(s); RAISE(last[k],s,o,n)
#endif
#endif
#endif
/* the very last step of an end, done together with the ghost "the change returned" */
#ifdef M_BUSYDOWN_FIRST
#define ENDLAST(k)	skip
#else
#define ENDLAST(k)	busy[k]--
#endif

/* FORGET: draw, raise; mutant: the number is drawn, and no row dies */
#ifdef M_FORGET_IGNORED
#define FORGETS(k,s,o,n) DRAW(s)
#else
#define FORGETS(k,s,o,n) DRAW(s); RAISE(forg[k],s,o,n)
#endif

/* ---- hit: verdict `ok` over one stripe. Required: copy row(s) | busy | last ---------------------------------- */
#ifdef M_NOBUSY
#define CHK_BUSY(k)	skip
#else
#define CHK_BUSY(k)	ok = ok && (busy[k] == 0)
#endif
#ifdef M_NOLAST			/* mutant: whatever changed since */
#define CHK_LAST(k,st)	skip
#else
#define CHK_LAST(k,st)	ok = ok && (st >= last[k])
#endif
#ifdef M_LAST_FIRST		/* mutant: = the two loads reordered, arm64 without a barrier */
#define CHECK(k,st)	CHK_LAST(k,st); CHK_BUSY(k)
#else
#define CHECK(k,st)	CHK_BUSY(k); CHK_LAST(k,st)
#endif

/* ============================================================================================================== */
#if defined(SCEN_ATTR) || defined(SCEN_EXT)
byte truth[2];			/* daemon: version of the object */
byte seen[2];			/* ghost */
byte rowv[2], rowst[2];		/* attribute rows; stamp 0 = absent */

proctype Changer(byte x) {	/* both objects live on stripe 0 */
	byte s, o, n, v, c; bool lost, sole;
#ifdef M_LATEBEGIN		/* mutant: begin only after the request was queued */
	atomic { truth[x]++; v = truth[x] }
	BEGIN(0,s,o,n);
#else
#ifdef REPLYFILL		/* a changer's own reply is stored, see below */
	c = seq;
	d_step { sole = (busy[0] == 0); busy[0]++ }
#else
	BEGIN(0,s,o,n);
#ifdef M_DRAW_EARLY
	DRAW(s);
#endif
#endif
	if
	:: d_step { truth[x]++; v = truth[x] }			/* applied */
	:: v = 0						/* killed while pending, or failed */
	:: d_step { truth[x]++; v = truth[x]; lost = true }	/* applied, REPLY lost */
	fi;
#endif
	if
	:: lost -> d_step { MAXG(seen[x], v) }			/* returns without an end: busy for ever */
	:: else ->
#ifdef REPLYFILL
		/* variant: SETATTR's reply carries attributes; store them stamped with the number of its own end. Legal
		 * only if no other change overlapped: busy was 0 before begin, is 1 after the draw and before the raise, and
		 * last was <= cookie when raised. */
		DRAW(s);
#ifndef M_REPLYFILL_NOBUSY1
		sole = sole && busy[0] == 1;
#endif
		o = last[0]; n = 0;
		do
		:: o >= s -> sole = false; break
		:: o < s && n < TRIES -> d_step { if :: last[0] == o -> last[0] = s; n = DEAD :: else -> o = last[0]; n++ fi }
		:: n == DEAD -> break
		od;
#ifndef M_REPLYFILL_ANY
		sole = sole && o <= c;
#else
		sole = true;
#endif
		if :: sole && v > 0 -> d_step { rowv[x] = v; rowst[x] = s } :: else fi;
#else
		END(0,s,o,n);
#endif
		d_step { ENDLAST(0); MAXG(seen[x], v); v = 0; s = 0; o = 0 }
	fi
}

proctype Filler(byte x) {	/* GETATTR / LOOKUP that went to the daemon */
	byte c, v, s, o, n; bool k;
#ifndef M_STAMPREPLY
	c = seq;						/* REQUEST: cookie = seq */
#endif
	v = truth[x];						/* daemon samples its state */
#ifdef M_STAMPREPLY
	c = seq;
#endif
#ifdef TOLD
	/* REPLY: busy++; store; s=++seq; old = max-exchange(told, s); old > cookie: raise last; busy-- */
#ifndef M_TOLD_NOBUSY
	busy[0]++;
#endif
	d_step { rowv[x] = v; rowst[x] = c };
	DRAW(s); o = told[0];
	do
	:: o >= s -> k = true; break
	:: o < s -> d_step { if :: told[0] == o -> told[0] = s; k = (o > c); o = s; n = 1 :: else -> o = told[0] fi };
		if :: n == 1 -> break :: else fi
	od;
	n = 0;
#ifndef M_TOLD_IGNORED		/* mutant: told, and not looked at */
	if :: k -> RAISE(last[0],s,o,n) :: else fi;
#endif
	d_step {
#ifndef M_TOLD_NOBUSY
		busy[0]--;
#endif
		MAXG(seen[x], v); v = 0; c = 0; s = 0; o = 0 }
#else
	d_step { rowv[x] = v; rowst[x] = c; OBS(seen[x], v); v = 0; c = 0 }	/* REPLY: store; delivered */
#endif
}

proctype Reader(byte x) {
	byte v, st, floor; bool ok = true;
#ifdef M_COPY_LATE		/* row copied after busy was read */
	d_step { floor = seen[x]; CHK_BUSY(0) }
	d_step { v = rowv[x]; st = rowst[x] };
	CHK_LAST(0,st);
#else
#ifdef M_COPY_LAST		/* row copied after both */
	byte l;
	d_step { floor = seen[x]; CHK_BUSY(0) }
	l = last[0];
	d_step { v = rowv[x]; st = rowst[x]; ok = ok && st >= l };
#else
	d_step { floor = seen[x]; v = rowv[x]; st = rowst[x] };	/* request begins at its first access: the worst case */
	if :: st == 0 -> goto out :: else fi;
	CHECK(0,st);
#endif
#endif
	if
	:: ok && st != 0 -> d_step { assert(v >= floor); OBS(seen[x], v)
#ifdef REACH
		; assert(!(v > 0))
#endif
		}
	:: else
	fi;
out:	skip
}
#ifdef SCEN_EXT
proctype External() { truth[0]++; }		/* somebody changes the file behind the mount */
#ifdef EVENTS
proctype Event() {				/* a READDIRPLUS entry / notification: no cookie; kills, then is delivered */
	byte v, s, o, n;
	v = truth[0];
#ifndef M_EVENT_SILENT
	DRAW(s); RAISE(last[0],s,o,n);
#endif
	d_step { MAXG(seen[0], v) }
}
#endif
init { atomic { run External(); run Filler(0); run Filler(0); run Reader(0);
#ifdef EVENTS
	run Event();
#else
#ifdef THREE
	run Filler(0);
#else
	run Changer(0);
#endif
#endif
} }
#else
#ifdef UNSEEN			/* a change whose REQUEST the program did not see (issued before INIT was answered) */
proctype Unseen() {
	byte s, o, n, v;
	d_step { truth[0]++; v = truth[0] };
#ifndef M_UNSEEN_SILENT
	DRAW(s); RAISE(last[0],s,o,n);		/* its REPLY raises `last`, and does not touch busy */
#endif
	d_step { MAXG(seen[0], v) }
}
#endif
#ifdef M_SPURIOUS_END
proctype Spurious() { busy[0]-- }		/* REPLY without its REQUEST */
#endif
init { atomic { run Changer(0);
#ifdef COLLIDE
	run Changer(1); run Filler(1); run Reader(1); run Filler(0); run Reader(0);
#else
	run Filler(0); run Filler(0); run Reader(0);
#ifndef UNSEEN
	run Changer(0);
#endif
#ifndef ONE_READER
	run Reader(0);
#endif
#endif
#ifdef M_SPURIOUS_END
	run Spurious();
#endif
#ifdef UNSEEN
	run Unseen();
#endif
} }
#endif
#endif

/* ============================================================================================================== */
#ifdef SCEN_JOINT
/* object 0 = name row, 1 = attr row, own stripes. Object 1 changes only after object 0's change was applied, so a
 * consistent pair never shows attr 1 with name 0. */
byte truth[2], rowv[2], rowst[2];
proctype Chg(byte x) {
	byte s, o, n;
	if :: x == 1 -> truth[0] == 1 :: else fi;
	BEGIN(x,s,o,n); truth[x]++; END(x,s,o,n); ENDLAST(x)
}
proctype Fill(byte x) { byte c, v; c = seq; v = truth[x]; d_step { rowv[x] = v; rowst[x] = c } }
proctype Look() {
	byte v0, s0, v1, s1; bool ok = true;
#ifdef M_ROWBYROW
	d_step { v0 = rowv[0]; s0 = rowst[0] }; CHECK(0,s0);
	d_step { v1 = rowv[1]; s1 = rowst[1] }; CHECK(1,s1);
#else
	d_step { v0 = rowv[0]; s0 = rowst[0] };
	d_step { v1 = rowv[1]; s1 = rowst[1] };
	CHK_BUSY(0); CHK_BUSY(1); CHK_LAST(0,s0); CHK_LAST(1,s1);
#endif
	if :: ok && s0 && s1 -> assert(!(v1 == 1 && v0 == 0)) :: else fi
}
init { atomic { run Chg(0); run Chg(1); run Fill(0); run Fill(1); run Look() } }
#endif

/* ============================================================================================================== */
#ifdef SCEN_PARENT
/* nodeid P is a directory; incarnation 1 lacks f, incarnation 2 has it (or the reverse: rows carry the incarnation).
 * A LOOKUP in P pins P's inode from before its REQUEST to after its REPLY. */
byte pinc = 1;			/* daemon: what P denotes */
byte kinc = 1, pins;		/* kernel: inode of P (0 = none) and references */
bit  fq;			/* FORGET(P) queued */
byte rowi, rowst;
proctype Fill() {
	byte c, v, i;
	do
	:: i < 2 ->
		atomic { kinc != 0 -> pins++ };
		c = seq; v = pinc; d_step { rowi = v; rowst = c };
		d_step { pins--; i++; c = 0; v = 0 }
	:: else -> break
	od
}
proctype Look() {
	byte v, st, me, i; bool ok;
	do
	:: i < 2 ->
		atomic { kinc != 0 -> pins++; me = kinc };
		d_step { v = rowi; st = rowst; ok = (st != 0) };
		CHK_BUSY(0); CHK_LAST(0,st);
#ifndef M_NOPARENT
		ok = ok && (st >= forg[0]);
#endif
		if :: ok -> assert(v == me) :: else fi;
		d_step { pins--; i++; v = 0; st = 0; me = 0; ok = false }
	:: else -> break
	od
}
proctype Evict() {
	byte s, o, n;
	atomic { kinc != 0 && pins == 0 -> kinc = 0 };
#ifdef M_RAISE_AFTER_QUEUE
	fq = 1; DRAW(s); RAISE(forg[0],s,o,n)
#else
	FORGETS(0,s,o,n); fq = 1
#endif
}
proctype Daemon() {
#ifdef REFORGET
	byte s, o, n;
	d_step { fq == 1; pinc = 0; fq = 0 };		/* dropped from the daemon's table */
	DRAW(s); RAISE(forg[0],s,o,n);			/* library call, before the nodeid may be reused */
	pinc = 2;
#else
	fq == 1; pinc++; fq = 0;			/* nodeid reused for another directory */
#endif
	kinc = pinc					/* and looked up again */
}
#ifdef DFILL
/* daemon-side fill of (P, f): token | look | (FORGET may be handled now) | apply */
proctype DFill() { byte t, v; t = seq; v = pinc;
	if :: v != 0 -> d_step { rowi = v; rowst = t } :: else fi }
#endif
init { atomic { run Fill(); run Fill(); run Look(); run Look(); run Evict(); run Daemon();
#ifdef DFILL
	run DFill();
#endif
} }
#endif

/* ============================================================================================================== */
#ifdef SCEN_CHILD
/* stripe 0 = name (P,"f"), stripe 1 = inode X, forg[1] = X. P stays pinned here (its reuse is SCEN_PARENT).
 * Daemon: file 1 is f at first, file 2 is g; whoever is looked up while X is free gets nodeid X. */
byte fmap = 1, fver;		/* daemon: what f names; version of the name (ghost counter) */
byte xfile, xcnt;		/* daemon: file that X denotes (0 free), its lookup count */
byte fq;			/* lookups in queued FORGETs for X */
byte kh, kid, kref, knl;	/* kernel inode X: 0 none, 1 hashed, 2 freeing; its file (ghost), references, nlookup */
byte fcnt;			/* kernel: per-connection forget counter */
byte nver = 0, nid, nst;	/* name row f: version, file (0 = ENOENT; else nodeid X, file is ghost), stamp */
byte aid, ast;			/* attr row X: file (ghost), stamp */
byte seen;			/* ghost: newest version of the name that was observed */

inline lookup_iget(id) {	/* fuse_iget after the daemon's reply; waits for an inode being freed */
	atomic { kh != 2 ->
		if
		:: kh == 0 -> kh = 1; kid = id; kref = 1; knl = 1
		:: else -> assert(kid == id); kref++; knl++
		fi }
}
#define DLOOKUP(id,got) \
	if \
	:: id != 0 && (xfile == 0 || xfile == id) -> xfile = id; xcnt++; got = true \
	:: else -> got = false		/* ENOENT, or another nodeid: not modelled */ \
	fi

proctype Look_up(byte g) {	/* LOOKUP of f (g=0) or g (g=1) that goes to the daemon and fills */
	byte c, id, ver, s, o, n; bool got;
	c = seq;
	d_step { id = (g -> 2 : fmap); ver = fver; DLOOKUP(id,got) };
#ifdef DFILL_PINNED		/* daemon-side fill from inside the handler, before the reply: token = c is read before */
	if :: got -> d_step { aid = id; ast = c } :: else fi;
#endif
	if
	:: got || (id == 0 && g == 0) ->
		if :: g == 0 -> d_step { nver = ver; nid = id; nst = c } :: else fi;
		if :: got -> d_step { aid = id; ast = c } :: else fi;
		if
		:: got -> lookup_iget(id);
			d_step { if :: g == 0 && seen < ver -> seen = ver :: else fi };
			kref--
#ifdef ORPHAN
		:: got ->			/* iget failed, or revalidate met another nodeid: FORGET(X,1), no inode */
#ifdef M_COUNT_AFTER_QUEUE
			FORGETS(1,s,o,n); fq++; fcnt++
#else
			FORGETS(1,s,o,n); fcnt++; fq++
#endif
#endif
		:: else -> d_step { if :: g == 0 && seen < ver -> seen = ver :: else fi }
		fi
	:: else
	fi
}
proctype Evict() {
	byte s, o, n, l, i;
	do
	:: i < 2 ->
		atomic { kh == 1 && kref == 0 -> kh = 2; l = knl };
#ifdef M_COUNT_BEFORE_EVENT
		fcnt++; FORGETS(1,s,o,n); fq = fq + l;
#else
#ifdef M_COUNT_AFTER_QUEUE
		FORGETS(1,s,o,n); fq = fq + l; fcnt++;
#else
		FORGETS(1,s,o,n);			/* EVENT program */
		fcnt++;					/* then the counter */
		fq = fq + l;				/* then the queue */
#endif
#endif
		d_step { kh = 0; knl = 0; kid = 0; i++; s = 0; o = 0; l = 0 }
	:: true -> break
	:: i >= 2 -> break
	od
}
proctype Daemon() {		/* handles FORGET */
	byte s, o, n;
end:	do
	:: d_step { fq > 0 && xfile != 9 -> xcnt = xcnt - fq; fq = 0 };
		if
		:: d_step { xcnt == 0 -> xfile = 9 };	/* leaves its table, nobody gets X yet */
#ifdef REFORGET
			DRAW(s); RAISE(forg[1],s,o,n);	/* library call: the daemon says that X is free */
#endif
			xfile = 0
		:: xcnt > 0
		fi
	od
}
proctype Rename() {		/* g over f */
	byte s, o, n, v;
	BEGIN(0,s,o,n);
	if
	:: d_step { fmap = 2; fver++; v = fver }
	:: d_step { fmap = 0; fver++; v = fver }	/* or UNLINK: f -> ENOENT */
	fi;
	END(0,s,o,n);
	d_step { ENDLAST(0); if :: seen < v -> seen = v :: else fi }
}
proctype Reader() {		/* fresh LOOKUP of f, tried in the kernel */
	byte snap, v, id, st, ai, as, floor; bool ok = true;
	d_step { floor = seen; snap = fcnt };
	d_step { v = nver; id = nid; st = nst };
	if :: st == 0 -> goto out :: else fi;
	if :: id != 0 -> d_step { ai = aid; as = ast } :: else fi;
	CHK_BUSY(0);
	if :: id != 0 -> CHK_BUSY(1) :: else fi;
	CHK_LAST(0,st);
	if
	:: id != 0 ->
		ok = ok && as != 0 && as >= last[1];
#ifndef M_NOCHILD
		ok = ok && st >= forg[1];
#endif
#ifndef M_ATTR_NOFORG
		ok = ok && as >= forg[1];
#endif
	:: else
	fi;
	if :: !ok -> goto out :: else fi;
	if
	:: id == 0 -> d_step { assert(v >= floor); if :: seen < v -> seen = v :: else fi }
	:: else ->
#ifdef M_CMP_FIRST
		if :: fcnt != snap -> goto out :: else fi;
#endif
		atomic { kh != 2 ->			/* ilookup5 waits for I_FREEING */
			if :: kh == 1 -> kref++ :: else -> goto out fi };
#if !defined(M_CMP_FIRST) && !defined(M_NOCMP)
		if :: fcnt != snap -> kref--; goto out :: else fi;
#endif
		d_step {
			assert(kid == id);		/* P3/P4: the file that the row meant */
			assert(ai == id);		/* and the attributes are that file's */
			assert(xfile == id && xcnt > fq);	/* I2: the daemon was not told to forget it */
			assert(v >= floor);		/* P1/P2 for the name */
			if :: seen < v -> seen = v :: else fi;
			kref--
		}
#ifdef REACH
		; assert(false)
#endif
	fi;
out:	skip
}
proctype Getattr() {		/* GETATTR by a holder of inode X, tried in the kernel */
	byte me, ai, as; bool ok = true;
	atomic { kh == 1 -> kref++; me = kid };
	d_step { ai = aid; as = ast };
	CHK_BUSY(1); CHK_LAST(1,as);
#ifndef M_ATTR_NOFORG
	ok = ok && as >= forg[1];
#endif
	if :: ok && as != 0 -> assert(ai == me) :: else fi;
	kref--
}
#ifdef DFILL
proctype DFill() {		/* daemon-side fill of X's attributes, outside of any request */
	byte t, v;
	t = seq;
	v = xfile;
	if :: v == 0 || v == 9 :: else -> d_step { aid = v; ast = t } fi
}
#endif
init { atomic { run Look_up(0); run Look_up(1); run Evict(); run Daemon();
#ifdef DFILL
	run DFill(); run Getattr();
#else
#ifdef DFILL_PINNED
	run Getattr(); run Reader();
#else
#ifdef WITH_RENAME
	run Rename(); run Reader();
#else
	run Reader(); run Getattr();
#endif
#endif
#endif
} }
#endif

/* ============================================================================================================== */
#ifdef SCEN_RAISE
/* CPUs = 3 (a program runs with preemption disabled: at most one raise per CPU). Each CPU raises twice. */
byte high;			/* ghost: highest number whose raise is complete */
#define FLAG 128
proctype Cpu() {
	byte s, o, n, i;
	do
	:: i < 2 ->
#ifdef RECOVER
		/* fallback: xchg(last, FLAG|s). Recovery: who finds FLAG draws anew and replaces exactly what it saw */
		DRAW(s); o = last[0]; n = 0;
		do
		:: o < FLAG && o >= s -> break
		:: o < FLAG && o < s && n < TRIES -> d_step { if :: last[0] == o -> last[0] = s; o = s :: else -> o = last[0]; n++ fi }
		:: n >= TRIES && (o < s || o >= FLAG) -> last[0] = FLAG + s; break
		:: o >= FLAG && n < TRIES ->
#ifndef M_RECOVER_OLD
			atomic { seq++; s = seq };
#endif
			atomic { if :: last[0] == o -> last[0] = s; o = s :: else -> o = last[0]; n++ fi }
		od;
		n = 0;
#else
		DRAW(s); RAISE(last[0],s,o,n);
#endif
		d_step { if :: high < s -> high = s :: else fi; assert(last[0] >= high); i++; s = 0; o = 0; n = 0 }
	:: else -> break
	od
}
init { atomic { run Cpu(); run Cpu(); run Cpu() } }
#endif

/* ============================================================================================================== */
#ifdef SCEN_NARROW
/* stripe 0 = the name, busy[1]/last[1] = nbusy/nlast of its directory. */
byte truth, seen, rowv, rowst;
#define SEE(v)	d_step { if :: seen < (v) -> seen = (v) :: else fi }

proctype Precise() {		/* a change whose handler knows the name */
	byte s, o, n, v;
#ifdef M_NAME_UNSAID		/* mutant: nothing is said of the name, and the coarse begin taken back */
	busy[1]++; busy[1]--;
	atomic { truth++; v = truth }
	SEE(v)
#else
#ifdef M_NO_PRECISE_BEGIN	/* mutant: the name is said, but never begun */
	busy[1]++; busy[1]--;
	atomic { truth++; v = truth }
	DRAW(s); RAISE(last[0],s,o,n); SEE(v)
#else
#ifdef M_NARROW_WHEN_QUEUED	/* mutant: narrowed when the request is out; the precise begin is late */
	busy[1]++;
	atomic { truth++; v = truth }
	busy[1]--; busy[0]++;
#else
#ifdef NARROW_FIRST		/* the coarse begin taken back first: nothing is out yet, so nothing is lost */
	busy[1]++; busy[1]--; busy[0]++;
#else
	busy[1]++; busy[0]++; busy[1]--;
#endif
	atomic { truth++; v = truth }
#endif
#ifdef M_END_COARSE		/* mutant: the end forgets what was narrowed */
	busy[0]--; SEE(v)
#else
	DRAW(s); RAISE(last[0],s,o,n);
	d_step { busy[0]--; if :: seen < v -> seen = v :: else fi }
#endif
#endif
#endif
}
proctype Coarse() {		/* a change without a handler */
	byte s, o, n, v;
	busy[1]++;
	atomic { truth++; v = truth }
#ifndef M_COARSE_SILENT
	DRAW(s); RAISE(last[1],s,o,n);
#endif
	d_step { busy[1]--; if :: seen < v -> seen = v :: else fi }
}
proctype Fill() {
	byte c, v;
	c = seq; v = truth;
	d_step { rowv = v; rowst = c; if :: seen < v -> seen = v :: else fi }
}
proctype Look() {
	byte v, st, floor; bool ok = true;
	d_step { floor = seen; v = rowv; st = rowst };
	CHK_BUSY(0);
#ifndef M_NBUSY_UNCHECKED
	CHK_BUSY(1);
#endif
	CHK_LAST(0,st);
#ifndef M_NLAST_UNCHECKED
	CHK_LAST(1,st);
#endif
	if
	:: ok && st != 0 -> d_step { assert(v >= floor); if :: seen < v -> seen = v :: else fi
#ifdef REACH
		; assert(!(v > 1))
#endif
		}
	:: else
	fi
}
init { atomic { run Precise(); run Coarse(); run Fill(); run Fill(); run Look() } }
#endif

/* ============================================================================================================== */
#ifdef SCEN_FILL
/* The daemon fills with a token; its replies tell, and kill the row if it says otherwise. */
byte truth, seen, rowv, rowst;

proctype External() { truth++ }
proctype DFill() {
	byte t, v, s, o, n;
	t = seq; v = truth;
#ifndef M_FILL_NOBUSY
	busy[0]++;
#endif
#ifdef M_FILL_LOOKS_FIRST	/* mutant: the number is looked at before the row is out */
	o = told[0];
	d_step { rowv = v; rowst = t };
	if :: o > t -> DRAW(s); RAISE(last[0],s,o,n) :: else fi;
#else
#ifdef M_FILL_STAMPED_LATE	/* mutant: the stamp is the sequence as of now, not the token */
	t = seq;
#endif
	d_step { rowv = v; rowst = t };
#ifndef M_FILL_BLIND		/* mutant: not looked at */
	if :: told[0] > t -> DRAW(s); RAISE(last[0],s,o,n) :: else fi;
#endif
#endif
#ifndef M_FILL_NOBUSY
	busy[0]--
#else
	skip
#endif
}
proctype Reply() {
	byte c, v, s, o, n; bool k, differs;
	c = seq; v = truth;
	busy[0]++;
#ifdef M_COMPARE_FIRST		/* mutant: the row is compared before the number is told */
	differs = (rowst != 0 && rowv != v);
#endif
	DRAW(s);
	d_step { o = told[0]; if :: o < s -> told[0] = s :: else fi; k = (o > c) };
#ifndef M_COMPARE_FIRST
	differs = (rowst != 0 && rowv != v);
#endif
	if :: k || differs -> RAISE(last[0],s,o,n) :: else fi;
	d_step { busy[0]--; if :: seen < v -> seen = v :: else fi }
}
proctype Look() {
	byte v, st, floor; bool ok = true;
	d_step { floor = seen; v = rowv; st = rowst };
	CHK_BUSY(0); CHK_LAST(0,st);
	if
	:: ok && st != 0 -> d_step { assert(v >= floor); if :: seen < v -> seen = v :: else fi
#ifdef REACH
		; assert(!(v > 0))
#endif
		}
	:: else
	fi
}
init { atomic { run External(); run DFill(); run Reply(); run Look();
#ifdef TWO_FILLS
	run DFill()
#else
	run Reply()
#endif
} }
#endif

/* ============================================================================================================== */
#ifdef SCEN_WALK
/* Objects 0 and 1 share a stripe. Entries of one READDIRPLUS tell of 1, of 1 again and of 0, and do not overtake each
 * other: `told` carries the walk's tag while nobody else told since the walk's request. */
byte truth, seen, rowv, rowst;		/* of object 0 */
bit  tag;				/* one word with told[0] */

proctype External() { truth++ }

#ifdef M_NEVER_OVERTAKEN		/* mutant: entries trust themselves */
#define OVERTAKEN(old,c)	false
#else
#define OVERTAKEN(old,c)	(old > c && !tag)
#endif
#ifdef TAG_KEPT				/* variant: an entry that was overtaken leaves the tag all the same */
#define NEWTAG	1
#else
#define NEWTAG	!k
#endif
proctype Walk() {
	byte c, v, s, o, n, i; bool k;
	DRAW(c);
	v = truth;
#ifdef M_WALK_IGNORED			/* mutant: the driver takes the entries over, and no row dies */
	i = 3; d_step { if :: seen < v -> seen = v :: else fi };
#endif
	do
	:: i < 3 ->
		busy[0]++;
#ifdef M_TELL_BEFORE_STORE		/* mutant: one number for all entries, drawn when the reply came */
		if :: i == 0 -> DRAW(s) :: else fi;
		if :: i == 2 -> d_step { rowv = v; rowst = c } :: else fi;
#else
		if :: i == 2 -> d_step { rowv = v; rowst = c } :: else fi;
		DRAW(s);
#endif
		d_step { o = told[0]; k = OVERTAKEN(o,c);
			if :: o < s -> told[0] = s; tag = NEWTAG :: o > s -> k = true :: else fi; o = 0 };
		if :: k -> RAISE(last[0],s,o,n) :: else fi;
#ifdef REACH				/* the entries' rows live although they share a stripe */
		assert(i < 2 || last[0] > c);
#endif
		d_step { busy[0]--; if :: i == 2 && seen < v -> seen = v :: else fi; i++; k = false; o = 0 }
	:: else -> break
	od
}
proctype Fill() {
	byte c, v, s, o, n;
	c = seq; v = truth;
	busy[0]++;
	d_step { rowv = v; rowst = c };
	DRAW(s);
	d_step { o = told[0]; if :: o < s -> told[0] = s; tag = 0 :: else fi };
	if :: o > c -> RAISE(last[0],s,o,n) :: else fi;
	d_step { busy[0]--; if :: seen < v -> seen = v :: else fi }
}
proctype Look() {
	byte v, st, floor; bool ok = true;
	d_step { floor = seen; v = rowv; st = rowst };
	CHK_BUSY(0); CHK_LAST(0,st);
	if :: ok && st != 0 -> d_step { assert(v >= floor); if :: seen < v -> seen = v :: else fi } :: else fi
}
init { atomic { run External(); run Walk(); run Fill(); run Look();
#ifdef TWO_FILLS
	run Fill()
#else
	run Look()
#endif
} }
#endif

/* ============================================================================================================== */
#ifdef SCEN_RENAME
#include "rename.pml"
#endif
#ifdef SCEN_ATTACH
#include "attach.pml"
#endif
#if defined(SCEN_EPOCH) || defined(SCEN_RESET)
#include "epoch.pml"
#endif
#ifdef SCEN_EVICT
#include "evict.pml"
#endif
#if defined(SCEN_XATTR) || defined(SCEN_LIST)
#include "xattr.pml"
#endif
