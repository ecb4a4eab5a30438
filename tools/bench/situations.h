/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Situations of n maps of one descriptor: in one address space or several, beside, inside or
 * across each other.
 */
#ifndef _IOKMEM_BENCH_SITUATIONS_H
#define _IOKMEM_BENCH_SITUATIONS_H

#include "bench.h"

#define MAX_PROCESSES	1000

struct window {
	__u64 offset;
	__u64 length;
};

/**
 * struct situation - where the n maps are, and which windows of the descriptor
 * @name: in the table
 * @pages: how large the descriptor is
 * @arrange: make the maps
 * @present: the window of one of them in this process
 * @absent: one that no map contains
 * @missed: one that no map serves with @missed_options
 * @missed_options: options of the map that is not found
 * @extra: how many maps there are besides
 * @inside: the maps are sub-maps of one mapping, which only as a whole has a VMA
 *
 * Windows are chosen by a number that means nothing.
 */
struct situation {
	const char *name;
	__u64 (*pages)(int n);
	void (*arrange)(const struct situation *situation, int fd, int n);
	struct window (*present)(int n, unsigned int number);
	struct window (*absent)(int n, unsigned int number);
	struct window (*missed)(int n, unsigned int number);
	__u32 missed_options;
	int extra;
	bool inside;
};

static char *map_window(int fd, __u32 options, struct window window)
{
	char *address;

	NEED(!map(fd, options, window.offset, window.length, &address));
	return address;
}

/* A page for each map, and one more for windows that begin in the last. */

static __u64 page_each(int n)
{
	return n + 1;
}

static struct window page_window(int n, unsigned int number)
{
	return (struct window){ (number % n) * PAGE, PAGE };
}

/* Half of one page and half of the next. */
static struct window between_pages(int n, unsigned int number)
{
	return (struct window){ (number % n) * PAGE + PAGE / 2, PAGE };
}

/* All maps in one address space. */

static void arrange_together(const struct situation *situation, int fd, int n)
{
	int i;

	for (i = 0; i < n; i++)
		map_window(fd, 0, situation->present(n, i));
}

/* In many address spaces. This one has the first windows. */

static int nr_processes(int n)
{
	return n < MAX_PROCESSES ? n : MAX_PROCESSES;
}

static struct window own_window(int n, unsigned int number)
{
	return page_window(n / nr_processes(n), number);
}

/* A read waits until the measuring process has closed its end. */
static int gate[2] = { -1, -1 };

/* A process with these windows. */
static void hold_windows(int fd, int first, int nr, int ready)
{
	char byte;
	int i;

	close(gate[1]);
	for (i = first; i < first + nr; i++)
		map_window(fd, 0, page_window(first + nr, i));
	NEED(write(ready, "", 1) == 1);
	NEED(read(gate[0], &byte, 1) == 0);
	_exit(0);
}

static void start_holder(int fd, int first, int nr)
{
	int ready[2];
	char byte;
	pid_t pid;

	NEED(!pipe(ready));
	pid = fork();
	NEED(pid >= 0);
	if (!pid)
		hold_windows(fd, first, nr, ready[1]);
	close(ready[1]);
	NEED(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
}

static void arrange_apart(const struct situation *situation, int fd, int n)
{
	int share = n / nr_processes(n), i;

	NEED(!pipe(gate));
	for (i = 1; i < nr_processes(n); i++)
		start_holder(fd, i * share, share);
	for (i = 0; i < share; i++)
		map_window(fd, 0, own_window(n, i));
}

static void end_holders(void)
{
	int status;

	close(gate[1]);
	while (wait(&status) >= 0)
		NEED(!status);
}

/* Sub-maps of one mapping. */
static void arrange_inside(const struct situation *situation, int fd, int n)
{
	map_window(fd, 0, (struct window){ 0, situation->pages(n) * PAGE });
	arrange_together(situation, fd, n);
}

/* Each map contains all earlier ones, so that all contain the byte in the middle. */

static __u64 nested_pages(int n)
{
	return 2 * n / PAGE + 2;
}

static struct window nested_window(int n, unsigned int number)
{
	__u64 middle = nested_pages(n) * PAGE / 2;

	return (struct window){ middle - number, 2 * number + 1 };
}

static struct window nested_middle(int n, unsigned int number)
{
	return nested_window(n, 0);
}

/* One page, for any n: the number of pages determines the cost of mapping. */
static struct window nested_before_all(int n, unsigned int number)
{
	return (struct window){ nested_pages(n) * PAGE / 2 - n, 1 };
}

static void arrange_nested(const struct situation *situation, int fd, int n)
{
	int i;

	for (i = 0; i < n; i++)
		map_window(fd, 0, nested_window(n, i));
}

/*
 * Half of the maps are short. The other half are long, and begin between them. All long maps
 * contain the memory behind the short ones, but neither their age nor their offset tells them
 * apart. The map to find is a sub-map of the first long one.
 */

static __u64 crossing_pages(int n)
{
	return 2 * n / PAGE + 2;
}

static struct window crossing_window(int n, unsigned int number)
{
	unsigned int begin = 2 * (number % (n / 2));

	if (number < n / 2)
		return (struct window){ begin, 1 };
	return (struct window){ begin + 1, n + 1 - begin / 2 };
}

static struct window crossing_behind(int n, unsigned int number)
{
	return (struct window){ n, 2 };
}

/* The first of the short ones, and one byte more. */
static struct window crossing_none(int n, unsigned int number)
{
	return (struct window){ 0, 2 };
}

static void arrange_crossing(const struct situation *situation, int fd, int n)
{
	int i;

	for (i = 0; i < n; i++)
		map_window(fd, 0, crossing_window(n, i));
	map_window(fd, 0, crossing_behind(n, 0));
}

static const struct situation situations[] = {
	{
		.name = "together",
		.pages = page_each,
		.arrange = arrange_together,
		.present = page_window,
		.absent = between_pages,
		.missed = between_pages,
	}, {
		.name = "apart",
		.pages = page_each,
		.arrange = arrange_apart,
		.present = own_window,
		.absent = between_pages,
		.missed = between_pages,
	}, {
		.name = "inside",
		.pages = page_each,
		.arrange = arrange_inside,
		.present = page_window,
		.absent = between_pages,
		.missed = page_window,
		.missed_options = IOKMEM_MAP_READ_ONLY,
		.extra = 1,
		.inside = true,
	}, {
		.name = "nested",
		.pages = nested_pages,
		.arrange = arrange_nested,
		.present = nested_middle,
		.absent = nested_before_all,
		.missed = nested_middle,
		.missed_options = IOKMEM_MAP_READ_ONLY,
	}, {
		.name = "crossing",
		.pages = crossing_pages,
		.arrange = arrange_crossing,
		.present = crossing_behind,
		.absent = crossing_none,
		.missed = crossing_behind,
		.missed_options = IOKMEM_MAP_READ_ONLY,
		.extra = 1,
	},
};

#endif /* _IOKMEM_BENCH_SITUATIONS_H */
