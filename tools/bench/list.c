// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the cost of one map depends on how many there are of the descriptor.
 *
 * Each situation puts n maps of one descriptor somewhere; then the process that
 * measures makes, finds and removes some more, and lets go of each before the next.
 * Beside it: an anonymous page mapped and unmapped in the same address space, which is
 * what the kernel's own part of it grows by; and the same of n maps of a memfd.
 */
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

/* What is measured, in the order of the table. */
struct costs {
	struct samples create, release, munmap;
	struct samples find, let_go, miss;
	struct samples mmap_anonymous, munmap_anonymous;
};

/* The n-th of numbers without order. */
static unsigned int scatter(unsigned int n)
{
	return (n * 2654435761u) >> 8;
}

static char *map_window(int fd, __u32 options, struct window window)
{
	char *address;

	NEED(!map(fd, options, window.offset, window.length, &address));
	return address;
}

/* A page for each map, and the one behind, for windows that begin in the last. */

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

/* All in one address space. */

static void arrange_together(const struct situation *situation, int fd, int n)
{
	int i;

	for (i = 0; i < n; i++)
		map_window(fd, 0, situation->present(n, i));
}

/* In many address spaces: this one has the first windows. */

static int nr_processes(int n)
{
	return n < MAX_PROCESSES ? n : MAX_PROCESSES;
}

static struct window own_window(int n, unsigned int number)
{
	return page_window(n / nr_processes(n), number);
}

/* Who reads from it waits until the process that measures has closed its end. */
static int gate[2] = { -1, -1 };

/* The process with these windows. */
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

/* Each contains all before it, and so all of them the byte in the middle. */

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

static struct window nested_around_all(int n, unsigned int number)
{
	return nested_window(n, n);
}

static void arrange_nested(const struct situation *situation, int fd, int n)
{
	int i;

	for (i = 0; i < n; i++)
		map_window(fd, 0, nested_window(n, i));
}

/*
 * Half of them short, then half of them long, beginning in between. All the long ones
 * contain what is behind the short ones, but neither their age nor where they begin
 * tells them apart; and the map that is found is a sub-map of the first of them.
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

static struct window crossing_around_all(int n, unsigned int number)
{
	return (struct window){ 0, 2 * n };
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
		.absent = nested_around_all,
		.missed = nested_middle,
		.missed_options = IOKMEM_MAP_READ_ONLY,
	}, {
		.name = "crossing",
		.pages = crossing_pages,
		.arrange = arrange_crossing,
		.present = crossing_behind,
		.absent = crossing_around_all,
		.missed = crossing_behind,
		.missed_options = IOKMEM_MAP_READ_ONLY,
		.extra = 1,
	},
};

/*
 * One VMA more, which joins no other. The kernel's tree of them takes twice the work
 * wherever a node of it gets full, which a number of VMAs alone would find or miss by
 * chance; so each sample has another.
 */
static void add_vma(int number)
{
	NEED(mmap(NULL, PAGE, number % 2 ? PROT_NONE : PROT_READ,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void count_new(const struct situation *situation, int fd, int n, int i,
		      struct costs *costs)
{
	struct window window = situation->absent(n, scatter(2 * i));
	char *address;
	int err;

	COUNT(&costs->create, err = map(fd, 0, window.offset, window.length, &address));
	NEED(!err);
	COUNT(&costs->release, err = release(fd, address, window.length));
	NEED(!err);
	if (situation->inside)
		return;

	window = situation->absent(n, scatter(2 * i + 1));
	address = map_window(fd, 0, window);
	/* It begins and ends somewhere in a page. */
	window.length += (uintptr_t)address % PAGE;
	address -= (uintptr_t)address % PAGE;
	COUNT(&costs->munmap, err = munmap(address, round_up(window.length, PAGE)));
	NEED(!err);
}

static void count_existing(const struct situation *situation, int fd, int n, int i,
			   struct costs *costs)
{
	struct window window = situation->present(n, scatter(i));
	char *address;
	int err;

	COUNT(&costs->find, err = map(fd, 0, window.offset, window.length, &address));
	NEED(!err);
	NEED(references(fd, address, window.length) == 2);
	COUNT(&costs->let_go, err = release(fd, address, window.length));
	NEED(!err);

	window = situation->missed(n, scatter(i));
	COUNT(&costs->miss, err = map(fd, situation->missed_options | IOKMEM_MAP_REFERENCE,
				      window.offset, window.length, &address));
	NEED(err == -ENOENT);
}

static void count_anonymous(struct costs *costs)
{
	char *page;
	int err;

	COUNT(&costs->mmap_anonymous,
	      page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	NEED(page != MAP_FAILED);
	COUNT(&costs->munmap_anonymous, err = munmap(page, PAGE));
	NEED(!err);
}

static void report_costs(const struct situation *situation, int n,
			 const struct costs *costs)
{
	report(situation->name, n, "create", &costs->create);
	report(situation->name, n, "release (last)", &costs->release);
	if (!situation->inside)
		report(situation->name, n, "munmap", &costs->munmap);
	report(situation->name, n, "find", &costs->find);
	report(situation->name, n, "release (not last)", &costs->let_go);
	report(situation->name, n, "find none", &costs->miss);
	report(situation->name, n, "anonymous mmap", &costs->mmap_anonymous);
	report(situation->name, n, "anonymous munmap", &costs->munmap_anonymous);
}

/* The end of a mapping ends its sub-maps with it: what that costs for each. */
static void count_end(const struct situation *situation, int fd, int n)
{
	size_t length = situation->pages(n) * PAGE;
	struct samples each = {};
	char *address;
	__u64 begin;

	address = map_window(fd, 0, (struct window){ 0, length });
	begin = clock_now();
	NEED(!munmap(address, length));
	add_sample(&each, (clock_now() - begin - clock_cost) / n);
	NEED(nr_maps(fd) == 0);
	report(situation->name, n, "munmap of each", &each);
}

static void measure(const struct situation *situation, int n)
{
	struct costs costs = {};
	int fd, i;

	fd = new_buffer(situation->pages(n) * PAGE);
	NEED(fd >= 0);
	situation->arrange(situation, fd, n);
	NEED(nr_maps(fd) == n + situation->extra);
	settle();
	for (i = 0; i < MAX_SAMPLES; i++) {
		add_vma(i);
		count_new(situation, fd, n, i, &costs);
		count_existing(situation, fd, n, i, &costs);
		count_anonymous(&costs);
	}
	NEED(nr_maps(fd) == n + situation->extra);
	report_costs(situation, n, &costs);
	if (situation->inside)
		count_end(situation, fd, n);
	end_holders();
}

static void measure_memfd(const struct situation *unused, int n)
{
	int fd = memfd_create("bench", MFD_CLOEXEC), i, err;
	struct samples map = {}, unmap = {};
	char *page;

	NEED(fd >= 0 && !ftruncate(fd, (n + 1) * PAGE));
	/* Each below the one before, so that they do not become one VMA. */
	for (i = 0; i < n; i++)
		NEED(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  i * PAGE) != MAP_FAILED);
	settle();
	for (i = 0; i < MAX_SAMPLES; i++) {
		add_vma(i);
		COUNT(&map, page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED, fd, scatter(i) % n * PAGE));
		NEED(page != MAP_FAILED);
		COUNT(&unmap, err = munmap(page, PAGE));
		NEED(!err);
	}
	report("memfd", n, "create", &map);
	report("memfd", n, "munmap", &unmap);
}

/* In an address space that has nothing else. */
static void alone(void (*run)(const struct situation *situation, int n),
		  const struct situation *situation, int n)
{
	pid_t pid = fork();
	int status;

	NEED(pid >= 0);
	if (!pid) {
		run(situation, n);
		exit(0);
	}
	NEED(waitpid(pid, &status, 0) == pid && !status);
	settle();
}

/* What every ioctl has to pay. */
static void measure_system_call(void)
{
	struct samples call = {};
	int i;

	for (i = 0; i < MAX_SAMPLES; i++)
		COUNT(&call, syscall(SYS_getppid));
	report("no list", 0, "system call", &call);
}

int main(void)
{
	int i, n;

	begin();
	measure_system_call();
	for (i = 0; i < ARRAY_SIZE(situations); i++)
		for (n = 10; n <= 100000; n *= 10)
			alone(measure, &situations[i], n);
	for (n = 10; n <= 100000; n *= 10)
		alone(measure_memfd, NULL, n);
	return 0;
}
