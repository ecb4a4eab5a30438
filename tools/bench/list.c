// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the cost of one map depends on the number of maps of the descriptor.
 *
 * Each situation puts n maps of one descriptor somewhere. The measuring process then creates,
 * finds and removes some more, and releases each before the next. No call holds a lock for
 * longer than it takes. Two other columns are for comparison: an anonymous page mapped and
 * unmapped in that address space, which shows how the kernel's own share grows, and n maps of a
 * memfd.
 */
#include "situations.h"

/* Columns of the table, in its order. */
struct costs {
	struct samples create, release, munmap;
	struct samples find, let_go, miss, miss_there, read;
	struct samples mmap_anonymous, munmap_anonymous;
};

static const struct costs no_costs = {
	SAMPLES("create"), SAMPLES("release (last)"), SAMPLES("munmap"),
	SAMPLES("find"), SAMPLES("release (not last)"), SAMPLES("find none"),
	SAMPLES("find none at an address"), SAMPLES("read of the list"),
	SAMPLES("anonymous mmap"), SAMPLES("anonymous munmap"),
};

/* Return the n-th of numbers without order. */
static unsigned int scatter(unsigned int n)
{
	return (n * 2654435761u) >> 8;
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
	/* The window begins and ends inside a page. */
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

	/* The bytes of many maps may contain these. None is at that address. */
	window = situation->present(n, scatter(i));
	COUNT(&costs->miss_there,
	      err = map_at(fd, IOKMEM_MAP_REFERENCE, 16 * PAGE + window.offset % PAGE,
			   window.offset, window.length, &address));
	NEED(err == -ENOENT);
}

/* Read the first lines of the list of all maps. */
static void count_read(struct costs *costs)
{
	int list = open(LIST, O_RDONLY | O_CLOEXEC);
	char lines[1024];
	ssize_t nr;

	NEED(list >= 0);
	COUNT(&costs->read, nr = read(list, lines, sizeof(lines)));
	NEED(nr > 0);
	close(list);
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
	report(situation->name, n, &costs->create);
	report(situation->name, n, &costs->release);
	if (!situation->inside)
		report(situation->name, n, &costs->munmap);
	report(situation->name, n, &costs->find);
	report(situation->name, n, &costs->let_go);
	report(situation->name, n, &costs->miss);
	report(situation->name, n, &costs->miss_there);
	report(situation->name, n, &costs->read);
	report(situation->name, n, &costs->mmap_anonymous);
	report(situation->name, n, &costs->munmap_anonymous);
}

/* The cost of sub-maps that end with their mapping, for each of them. */
static void count_end(const struct situation *situation, int fd, int n)
{
	size_t length = situation->pages(n) * PAGE;
	struct samples each = SAMPLES("munmap of each");
	char *address;
	__u64 begin;

	address = map_window(fd, 0, (struct window){ 0, length });
	begin = clock_now();
	NEED(!munmap(address, length));
	add_sample(&each, (clock_now() - begin - clock_cost) / n, -1, -1);
	NEED(nr_maps(fd) == 0);
	report(situation->name, n, &each);
}

static void measure(const void *subject, __u64 n)
{
	const struct situation *situation = subject;
	struct costs costs = no_costs;
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
		count_read(&costs);
		count_anonymous(&costs);
	}
	NEED(nr_maps(fd) == n + situation->extra);
	report_costs(situation, n, &costs);
	if (situation->inside)
		count_end(situation, fd, n);
	end_holders();
}

static void measure_memfd(const void *unused, __u64 n)
{
	int fd = memfd_create("bench", MFD_CLOEXEC), i, err;
	struct samples map = SAMPLES("create"), unmap = SAMPLES("munmap");
	char *page;

	NEED(fd >= 0 && !ftruncate(fd, (n + 1) * PAGE));
	/* Each mapping is below the one before, so that they do not become one VMA. */
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
	report("memfd", n, &map);
	report("memfd", n, &unmap);
}

/* The fixed cost of every ioctl. */
static void measure_system_call(void)
{
	struct samples call = SAMPLES("system call");
	int i;

	for (i = 0; i < MAX_SAMPLES; i++)
		COUNT(&call, syscall(SYS_getppid));
	report("no list", 0, &call);
}

int main(int argc, char **argv)
{
	int i, n;

	begin(argc, argv);
	measure_system_call();
	for (i = 0; i < ARRAY_SIZE(situations); i++)
		for (n = 10; n <= 100000; n *= 10)
			if (wanted(situations[i].name, n))
				alone(measure, &situations[i], n);
	for (n = 10; n <= 100000; n *= 10)
		if (wanted("memfd", n))
			alone(measure_memfd, NULL, n);
	return 0;
}
