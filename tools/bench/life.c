// SPDX-License-Identifier: GPL-2.0-only
/*
 * One life of a piece of memory, of each kind and size: made, mapped, every page
 * touched, unmapped, destroyed. And what a second user of it costs, in the same
 * process and in another one.
 */
#include "kinds.h"

/* Odd, so that one is the median. */
static int nr_lives(size_t size)
{
	return size > PMD ? 5 : 15;
}

static void touch_pages(char *address, size_t size)
{
	size_t at;

	for (at = 0; at < size; at += PAGE)
		touch(address + at, true);
}

/* The whole, and what it consists of. */
#define NR_STEPS	5

static void count_life(const struct kind *kind, size_t size, struct samples *life,
		       struct samples *steps)
{
	struct memory memory = { .kind = kind, .size = size };
	__u64 cost = 0;
	char *address;
	int i;

	COUNT(&steps[0], kind->create(&memory));
	COUNT(&steps[1], address = kind->map(&memory));
	COUNT(&steps[2], touch_pages(address, size));
	COUNT(&steps[3], kind->unmap(&memory, address));
	COUNT(&steps[4], kind->destroy(&memory));
	for (i = 0; i < NR_STEPS; i++)
		cost += last_cost(&steps[i]);
	add_sample(life, cost, steps[0].window[0], steps[NR_STEPS - 1].window[1]);
}

static void measure_lives(const struct kind *kind, size_t size)
{
	struct samples life = SAMPLES("life");
	struct samples steps[NR_STEPS] = {
		SAMPLES("create"), SAMPLES("map"), SAMPLES("touch"), SAMPLES("unmap"), SAMPLES("destroy"),
	};
	int i;

	for (i = 0; i < nr_lives(size); i++) {
		add_vma(i);
		count_life(kind, size, &life, steps);
	}
	report(kind->name, size, &life);
	for (i = 0; i < NR_STEPS; i++)
		report(kind->name, size, &steps[i]);
}

/* A map more of memory that exists, and every page touched through it. */
static void count_maps(const struct memory *memory, struct samples *samples)
{
	char *address;
	int i;

	for (i = 0; i < nr_lives(memory->size); i++) {
		add_vma(i);
		COUNT(samples, ({
			address = memory->kind->map(memory);
			touch_pages(address, memory->size);
			memory->kind->unmap(memory, address);
		}));
	}
}

static void measure_sharing(const struct kind *kind, size_t size)
{
	struct memory memory = { .kind = kind, .size = size };
	struct samples again = SAMPLES("second map"), elsewhere = SAMPLES("map elsewhere");
	char *address;
	int status;
	pid_t pid;

	kind->create(&memory);
	address = kind->map(&memory);
	touch_pages(address, size);
	count_maps(&memory, &again);
	report(kind->name, size, &again);

	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		count_maps(&memory, &elsewhere);
		report(kind->name, size, &elsewhere);
		exit(0);
	}
	NEED(waitpid(pid, &status, 0) == pid && !status);
	kind->unmap(&memory, address);
	kind->destroy(&memory);
}

static void measure(const void *subject, __u64 size)
{
	measure_lives(subject, size);
	measure_sharing(subject, size);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { PAGE, 64 * KIB, 2 * MIB, 64 * MIB };
	int i, j;

	begin(argc, argv);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			if (sizes[j] < kinds[i].smallest ||
			    !wanted(kinds[i].name, sizes[j]))
				continue;
			alone(measure, &kinds[i], sizes[j]);
		}
	}
	return 0;
}
