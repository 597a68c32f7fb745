// SPDX-License-Identifier: GPL-2.0-only
/*
 * hit_ratios.c - how often a policy answers on a trace: the sources that the kernel runs, linked
 * with one policy, on the host
 *
 * usage: hit_ratios_POLICY ROWS zipf|scan
 *
 * Prints two numbers in percent: LOOKUPs that were answered, and those of the users among them.
 * The trace is made here, from a fixed seed. Users look at files of a tree in which few are looked
 * at often (a Zipf distribution: the file of rank n at 1/n of the first one's rate). With `scan`
 * somebody walks the whole tree meanwhile, over and over, looking at each file twice in a row.
 */
#include "fakes/fake.h"

#include <stdio.h>
#include <stdlib.h>

#define FILES 6000
#define USED 3000 /* of these, by users */
#define LOOKUPS 40000
#define WALKERS_RATE 2 /* looks of the walker for each of a user */
#define PER_DIR 60

static double rates[USED];
static unsigned int ranks[FILES];
static uint64_t seed = 88172645463325252ULL;

static uint64_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Which file has which rank: neighbours in the tree have nothing in common. */
static void make_ranks(void)
{
	double sum = 0;

	for (unsigned int i = 0; i < FILES; i++)
		ranks[i] = i;
	for (unsigned int i = FILES - 1; i > 0; i--) {
		unsigned int j = any() % (i + 1), other = ranks[i];

		ranks[i] = ranks[j];
		ranks[j] = other;
	}
	for (unsigned int i = 0; i < USED; i++) {
		sum += 1.0 / (i + 1);
		rates[i] = sum;
	}
}

static unsigned int users_choice(void)
{
	double at = rates[USED - 1] * ((double)(any() >> 11) / (double)(1ULL << 53));
	unsigned int low = 0, high = USED - 1;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (rates[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return ranks[low];
}

static bool look_at(unsigned int file)
{
	char name[32];

	snprintf(name, sizeof(name), "file%u.c", file % PER_DIR);
	return fake_lookup_file(2 + file / PER_DIR, name, 1000 + file);
}

int main(int argc, char *argv[])
{
	unsigned int users = 0, users_hits = 0, walked = 0, walked_hits = 0;
	bool scan = argc == 3 && !strcmp(argv[2], "scan");
	unsigned int rows = argc == 3 ? (unsigned int)atoi(argv[1]) : 0;
	void *state = NULL;

	if (!rows || (!scan && strcmp(argv[2], "zipf") != 0)) {
		fprintf(stderr, "usage: %s ROWS zipf|scan\n", argv[0]);
		return 2;
	}
	ext_param_max_entries = rows;
	fake_setup(&state);
	fake_limit(rows);
	make_ranks();
	for (unsigned int i = 0; i < LOOKUPS; i++) {
		users_hits += look_at(users_choice());
		users++;
		for (unsigned int j = 0; scan && j < WALKERS_RATE; j++) {
			unsigned int file = walked++ % FILES;

			walked_hits += look_at(file);
			fake_getattr_file(1000 + file);
		}
	}
	printf("%.1f %.1f\n", 100.0 * (users_hits + walked_hits) / (users + walked),
	       100.0 * users_hits / users);
	fake_teardown(&state);
	return 0;
}
