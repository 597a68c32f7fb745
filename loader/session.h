/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session.h - what the rest of the library needs of the session code */
#ifndef EXT_SESSION_H
#define EXT_SESSION_H

struct extfuse;

/* Ends the association of @ext with sessions; their I/O goes on without it. */
void ext_session_forget(const struct extfuse *ext);

#endif /* EXT_SESSION_H */
