// SPDX-License-Identifier: GPL-2.0-only
/* thread.c - threads beside those that serve requests */
#include <pthread.h>
#include <signal.h>

#include "stackfs.h"

/* The signals that end or steer the daemon are for the main thread and its helpers. */
int run_detached(void *(*fn)(void *data), void *data)
{
	sigset_t all, saved;
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	sigfillset(&all);
	sigdelset(&all, SIGURG);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, fn, data);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return -err;
}
