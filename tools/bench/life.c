// SPDX-License-Identifier: GPL-2.0-only
/*
 * One life of a piece of memory, of each kind and size: made, mapped, every page
 * touched, unmapped, destroyed. And what a second user of it costs, in the same
 * process and in another one.
 */
#include "kinds.h"

#define NR_LIVES	5

static void touch_pages(char *address, size_t size)
{
	size_t at;

	for (at = 0; at < size; at += PAGE)
		touch(address + at, true);
}

static void count_life(const struct kind *kind, size_t size, struct samples *life,
		       struct samples steps[5])
{
	struct memory memory = { .kind = kind, .size = size };
	__u64 cost = 0;
	char *address;

	cost += COUNT(&steps[0], kind->create(&memory));
	cost += COUNT(&steps[1], address = kind->map(&memory));
	cost += COUNT(&steps[2], touch_pages(address, size));
	cost += COUNT(&steps[3], kind->unmap(&memory, address));
	cost += COUNT(&steps[4], kind->destroy(&memory));
	add_sample(life, cost);
}

static void measure_lives(const struct kind *kind, size_t size)
{
	static const char * const names[] = {
		"create", "map", "touch", "unmap", "destroy",
	};
	struct samples life = {}, steps[5] = {};
	int i;

	for (i = 0; i < NR_LIVES; i++)
		count_life(kind, size, &life, steps);
	report(kind->name, size, "life", &life);
	for (i = 0; i < 5; i++)
		report(kind->name, size, names[i], &steps[i]);
}

/* A map more of memory that exists, and every page touched through it. */
static void count_maps(const struct memory *memory, struct samples *samples)
{
	char *address;
	int i;

	for (i = 0; i < NR_LIVES; i++)
		COUNT(samples, ({
			address = memory->kind->map(memory);
			touch_pages(address, memory->size);
			memory->kind->unmap(memory, address);
		}));
}

static void measure_sharing(const struct kind *kind, size_t size)
{
	struct memory memory = { .kind = kind, .size = size };
	struct samples samples = {};
	char *address;
	int status;
	pid_t pid;

	kind->create(&memory);
	address = kind->map(&memory);
	touch_pages(address, size);
	count_maps(&memory, &samples);
	report(kind->name, size, "second map", &samples);

	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		samples.nr = 0;
		count_maps(&memory, &samples);
		report(kind->name, size, "map elsewhere", &samples);
		exit(0);
	}
	NEED(waitpid(pid, &status, 0) == pid && !status);
	kind->unmap(&memory, address);
	kind->destroy(&memory);
}

int main(void)
{
	static const size_t sizes[] = { PAGE, 64 * KIB, 2 * MIB, 64 * MIB };
	int i, j;

	begin();
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			if (sizes[j] < kinds[i].smallest)
				continue;
			settle();
			measure_lives(&kinds[i], sizes[j]);
			measure_sharing(&kinds[i], sizes[j]);
		}
	}
	return 0;
}
