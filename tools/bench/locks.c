// SPDX-License-Identifier: GPL-2.0-only
/*
 * For how long each lock is held at most when there are very many objects, in instructions.
 *
 * Each situation makes n objects, and then does what goes over them. The kernel keeps the longest
 * hold of each lock (/proc/lock_stat), which is cleared before each operation. A row is an
 * operation, and its columns are locks. The figures include the work of the kernel's statistics
 * itself, and interrupts, so a lock is held for less elsewhere.
 */
#include "situations.h"

#include "limits_utils.h"

#include <sys/uio.h>

#define LOCK_STAT	"/proc/lock_stat"

#define FEW		1000
#define MANY		1000000
/* How many there are of objects that take long to make. */
#define LESS		100000

/* How often an operation on a few of the objects is repeated. */
#define REPEAT		100
/* How much of a list is read. */
#define SOME		MIB
#define MAX_LOCKS	64
/* Where a pipe for pages has to end: the kernel allocates it in one piece. */
#define PIPE_PAGES	32768

/* Locks of the module, by the beginning of their names. */
static const char * const ours[] = {
	"iokmem_", "&iokmem_", "&desc->", "&mapping->shown_lock", "&export->lock", "&dma->lock",
	"&pageable->", "&purgeable->", NULL
};

/* Locks of the kernel that the module holds, or is called with. */
static const char * const others[] = {
	"&mm->mmap_lock", "&mapping->i_mmap_rwsem", "&lru->node[i].lock",
	"reservation_ww_class_mutex", NULL
};

struct hold {
	char name[64];
	unsigned long long nr;
	unsigned long long longest;	/* in nanoseconds, which are instructions */
};

static struct hold holds[MAX_LOCKS];
static int nr_holds;

static bool is_one_of(const char * const *beginnings, const char *name)
{
	for (; *beginnings; beginnings++)
		if (!strncmp(name, *beginnings, strlen(*beginnings)))
			return true;
	return false;
}

/* Return the hold of this lock, which may be a new one. */
static struct hold *hold_of(const char *name)
{
	int i;

	for (i = 0; i < nr_holds; i++)
		if (!strcmp(holds[i].name, name))
			return &holds[i];
	NEED(nr_holds < MAX_LOCKS);
	snprintf(holds[nr_holds].name, sizeof(holds[0].name), "%s", name);
	return &holds[nr_holds++];
}

/* Read a line of /proc/lock_stat. Locks of one name, and reading and writing, are one. */
static void read_hold(char *line)
{
	char *numbers = strrchr(line, ':'), *name = line + strspn(line, " ");
	unsigned long long nr;
	struct hold *hold;
	double longest;

	if (!numbers || sscanf(numbers + 1, "%*s %*s %*s %*s %*s %*s %*s %llu %*s %lf", &nr,
			       &longest) != 2)
		return;
	*numbers = '\0';
	if (numbers - name > 2 && (!strcmp(numbers - 2, "-W") || !strcmp(numbers - 2, "-R")))
		numbers[-2] = '\0';
	name[strcspn(name, "#/")] = '\0';
	if (!nr || !(is_one_of(ours, name) || is_one_of(others, name)))
		return;
	hold = hold_of(name);
	hold->nr += nr;
	if (longest * 1000 > hold->longest)
		hold->longest = longest * 1000;
}

static void read_holds(void)
{
	FILE *file = fopen(LOCK_STAT, "re");
	char line[512];

	NEED(file);
	nr_holds = 0;
	memset(holds, 0, sizeof(holds));
	while (fgets(line, sizeof(line), file))
		read_hold(line);
	fclose(file);
}

static unsigned long long nr_of_ours(void)
{
	unsigned long long sum = 0;
	int i;

	read_holds();
	for (i = 0; i < nr_holds; i++)
		if (is_one_of(ours, holds[i].name))
			sum += holds[i].nr;
	return sum;
}

/* Wait until no worker of the module is at work any more. */
static void settle_all(void)
{
	unsigned long long before, now = nr_of_ours();

	do {
		before = now;
		settle();
		now = nr_of_ours();
	} while (now != before);
}

/* Report the longest holds since clear_holds(), also those of workers that are not done yet. */
static void report_holds(const char *situation, __u64 n, const char *operation)
{
	char row[128];

	int i;

	settle_all();
	snprintf(row, sizeof(row), "%s: %s", situation, operation);
	for (i = 0; i < nr_holds; i++) {
		struct samples samples = SAMPLES(holds[i].name);

		add_sample(&samples, holds[i].longest, -1, -1);
		report(row, n, &samples);
	}
}

static void clear_holds(void)
{
	NEED(!write_file(LOCK_STAT, "0"));
}

/* Calls among the maps of a descriptor that leave the maps as they are. */

static void find(int fd, struct window window)
{
	char *address;

	NEED(!map(fd, 0, window.offset, window.length, &address));
	NEED(!release(fd, address, window.length));
}

static void find_none(int fd, struct window window)
{
	NEED(try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_REFERENCE, 0,
		     window.offset, window.length) == -ENOENT);
}

static void find_none_at(int fd, struct window window)
{
	NEED(try_map(fd, IOKMEM_MAP_REFERENCE, (uintptr_t)&gate / PAGE * PAGE +
		     window.offset % PAGE, window.offset, window.length) == -ENOENT);
}

static void ask_for_mode(int fd, struct window window)
{
	NEED(try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_INHIBIT_CACHE, 0, window.offset,
		     window.length) != 0);
}

static void read_some(const char *path, size_t length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	static char bytes[64 * KIB];
	ssize_t got;

	NEED(fd >= 0);
	do {
		got = read(fd, bytes, sizeof(bytes));
		NEED(got >= 0);
		length -= (size_t)got < length ? got : length;
	} while (got && length);
	close(fd);
}

static void read_fdinfo(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	read_some(path, SIZE_MAX);
}

/* Do everything that changes nothing, at windows among the first @nr ones of the maps. */
static void look_around(const char *situation, __u64 n, int fd, __u64 nr,
			struct window (*at)(__u64 n, __u64 i))
{
	int i;

	clear_holds();
	for (i = 0; i < REPEAT; i++) {
		struct window window = at(n, (i * 2654435761u >> 4) % nr);

		find(fd, window);
		find_none(fd, window);
		find_none_at(fd, window);
		ask_for_mode(fd, window);
		read_fdinfo(fd);
	}
	report_holds(situation, n, "looking");

	clear_holds();
	read_some(LIST, SOME);
	report_holds(situation, n, "reading the list");
}

/* Sub-maps of one mapping. */

static struct window byte_window(__u64 n, __u64 i)
{
	return (struct window){ i, 1 };
}

static struct window window_at_0(__u64 n, __u64 i)
{
	return (struct window){ 0, i + 1 };
}

static char *make_sub_maps(const char *situation, int fd, __u64 n,
			   struct window (*at)(__u64 n, __u64 i))
{
	char *all = map_window(fd, 0, (struct window){ 0, n + 1 });
	__u64 i;

	clear_holds();
	for (i = 0; i < n; i++)
		map_window(fd, 0, at(n, i));
	report_holds(situation, n, "making");

	NEED(nr_maps(fd) == n + 1);
	return all;
}

static void sub_maps(const void *name, __u64 n)
{
	int fd = new_buffer(n + 1);
	char *all = make_sub_maps(name, fd, n, byte_window);

	look_around(name, n, fd, n, byte_window);
	clear_holds();
	NEED(!munmap(all, round_up(n + 1, PAGE)));
	report_holds(name, n, "munmap");

	NEED(!nr_maps(fd));
}

static void sub_maps_at_one_offset(const void *name, __u64 n)
{
	int fd = new_buffer(n + 1);

	make_sub_maps(name, fd, n, window_at_0);
	look_around(name, n, fd, n, window_at_0);
	clear_holds();
	NEED(!revoke_memory(fd));
	report_holds(name, n, "revoke");

	NEED(!nr_maps(fd));
}

/* Fork a process that arranges things, and stays until the gate closes or it is killed. */
static pid_t start_process(void (*arrange)(int fd, __u64 n), int fd, __u64 n)
{
	int ready[2];
	char byte;
	pid_t pid;

	NEED(!pipe(ready));
	if (gate[0] < 0)
		NEED(!pipe(gate));
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		close(gate[1]);
		arrange(fd, n);
		NEED(write(ready[1], "", 1) == 1);
		NEED(read(gate[0], &byte, 1) == 0);
		_exit(0);
	}
	close(ready[1]);
	NEED(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return pid;
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	NEED(waitpid(pid, NULL, 0) == pid);
}

static void have_sub_maps(int fd, __u64 n)
{
	__u64 i;

	map_window(fd, 0, (struct window){ 0, n + 1 });
	for (i = 0; i < n; i++)
		map_window(fd, 0, byte_window(n, i));
}

static void sub_maps_of_another(const void *name, __u64 n)
{
	int fd = new_buffer(n + 1);
	pid_t pid = start_process(have_sub_maps, fd, n);

	look_around(name, n, fd, n, byte_window);
	clear_holds();
	end_process(pid);
	report_holds(name, n, "exit");

	NEED(!nr_maps(fd));
}

static void many_processes(const void *name, __u64 n)
{
	int fd = new_buffer(n / MAX_PROCESSES + 1), i;

	/* A fork has the mmap lock of all that it copies. */
	for (i = 0; i < MAX_PROCESSES; i++)
		start_process(have_sub_maps, fd, n / MAX_PROCESSES);
	look_around(name, n, fd, n / MAX_PROCESSES, byte_window);
	clear_holds();
	NEED(!revoke_memory(fd));
	report_holds(name, n, "revoke");

	NEED(!nr_maps(fd));
	clear_holds();
	end_holders();
	report_holds(name, n, "exit");
}

/* Mappings, of which each has a VMA. */

struct area {
	char *begin;
	char *end;
};

static void add_to_area(struct area *area, char *page)
{
	if (!area->begin || page < area->begin)
		area->begin = page;
	if (page + PAGE > area->end)
		area->end = page + PAGE;
}

/* All mappings are beside each other. The kernel goes over their VMAs with the mmap lock held. */
static void unmap_area(const struct area *area, __u64 n)
{
	NEED(area->end - area->begin <= 2 * (n + 1) * PAGE);
	NEED(!munmap(area->begin, area->end - area->begin));
}

static struct window first_page(__u64 n, __u64 i)
{
	return (struct window){ 0, PAGE };
}

static void mappings_at_one_offset(const void *name, __u64 n)
{
	int fd = new_buffer(2 * PAGE), other = new_buffer(2 * PAGE);
	struct area area = {};
	char *page = NULL;
	__u64 i;

	clear_holds();
	for (i = 0; i < n; i++) {
		page = map_window(fd, IOKMEM_MAP_UNIQUE, first_page(n, i));
		add_to_area(&area, page);
	}
	report_holds(name, n, "making");

	NEED(nr_maps(fd) == n);
	look_around(name, n, fd, n, first_page);
	clear_holds();
	NEED(!redirect(fd, page, PAGE, other, 0, 0));
	NEED(!redirect(fd, page, PAGE, fd, 0, PAGE));
	report_holds(name, n, "redirecting");

	clear_holds();
	NEED(!revoke_memory(fd));
	report_holds(name, n, "revoke");

	NEED(!nr_maps(fd));
	/* The VMAs are still there. */
	clear_holds();
	find(other, first_page(n, 0));
	report_holds(name, n, "making another");

	clear_holds();
	unmap_area(&area, n);
	report_holds(name, n, "munmap of all VMAs");
}

static struct window page_of_n(__u64 n, __u64 i)
{
	return (struct window){ i * PAGE, PAGE };
}

static void pageable_mappings(const void *name, __u64 n)
{
	struct iokmem_get_page_counts counts;
	struct area area = {};
	int dev = -1, fd;
	__u64 i;

	fd = create(device(&dev, DEVICE), IOKMEM_PAGEABLE | IOKMEM_PURGEABLE |
		    IOKMEM_DIRECTION_INOUT, (n + 1) * PAGE, 0);
	NEED(fd >= 0);
	clear_holds();
	for (i = 0; i < n; i++)
		add_to_area(&area, map_window(fd, 0, page_of_n(n, i)));
	report_holds(name, n, "making");

	NEED(nr_maps(fd) == n);
	touch(area.begin, true);
	look_around(name, n, fd, n, page_of_n);
	clear_holds();
	NEED(!page_counts(fd, &counts));
	report_holds(name, n, "counting pages");

	clear_holds();
	NEED(set_purgeable(fd, IOKMEM_PURGEABLE_EMPTY) >= 0);
	report_holds(name, n, "emptying");

	clear_holds();
	unmap_area(&area, n);
	report_holds(name, n, "munmap of all VMAs");

	NEED(!nr_maps(fd));
}

/* To compare with. */
static void memfd(const void *name, __u64 n)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	struct area area = {};
	char *page;
	__u64 i;

	NEED(fd >= 0 && !ftruncate(fd, (n + 1) * PAGE));
	clear_holds();
	for (i = 0; i < n; i++) {
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, i * PAGE);
		NEED(page != MAP_FAILED);
		add_to_area(&area, page);
	}
	report_holds(name, n, "making");

	clear_holds();
	NEED(!ftruncate(fd, 0));
	report_holds(name, n, "emptying");

	clear_holds();
	unmap_area(&area, n);
	report_holds(name, n, "munmap of all VMAs");
}

/* Descriptors. */

static void allow_files(__u64 n)
{
	struct rlimit limit = { n + 100, n + 100 };

	NEED(!setrlimit(RLIMIT_NOFILE, &limit));
}

static void descriptors(const void *name, __u64 n)
{
	int fd = new_buffer(PAGE);
	__u64 i;

	allow_files(n);
	clear_holds();
	for (i = 0; i < n; i++)
		NEED(create_sub(fd, 0, 0, PAGE) >= 0);
	report_holds(name, n, "making");

	clear_holds();
	read_some(LIST, SIZE_MAX);
	report_holds(name, n, "reading all of the list");

	clear_holds();
	NEED(!syscall(SYS_close_range, fd, ~0U, 0));
	report_holds(name, n, "close");
}

static void have_buffers(int unused, __u64 n)
{
	int dev = -1, fd;
	char *address;
	__u64 i;

	for (i = 0; i < n; i++) {
		fd = create_mapped(device(&dev, DEVICE), IOKMEM_DIRECTION_INOUT, PAGE,
				   IOKMEM_MAP_ANYWHERE, &address);
		NEED(fd >= 0 && !close(fd));
	}
}

static void mapped_buffers(const void *name, __u64 n)
{
	pid_t pid;

	clear_holds();
	pid = start_process(have_buffers, -1, n);
	report_holds(name, n, "making");

	clear_holds();
	read_some(LIST, SIZE_MAX);
	report_holds(name, n, "reading all of the list");

	clear_holds();
	end_process(pid);
	report_holds(name, n, "exit");
}

static void dma_bufs(const void *name, __u64 n)
{
	int fd = new_buffer(PAGE);
	__u64 i;

	allow_files(n);
	clear_holds();
	for (i = 0; i < n; i++)
		NEED(get_dma_buf(fd, 0) >= 0);
	report_holds(name, n, "making");

	clear_holds();
	NEED(!revoke_memory(fd));
	report_holds(name, n, "revoke");

	clear_holds();
	NEED(!syscall(SYS_close_range, fd, ~0U, 0));
	report_holds(name, n, "close");
}

/* Blocks of memory. */

/* Make a buffer of which a page stays in a pipe when the buffer goes. */
static void leave_page(int to)
{
	int fd = new_buffer(PAGE);
	struct iovec page = { .iov_len = PAGE };
	char *address;

	NEED(fd >= 0 && !map(fd, IOKMEM_MAP_PINNABLE, 0, 0, &address));
	page.iov_base = address;
	NEED(vmsplice(to, &page, 1, SPLICE_F_NONBLOCK) == PAGE);
	NEED(!munmap(address, PAGE) && !close(fd));
}

static void make_leftovers(__u64 n)
{
	int pipes[2] = { -1, -1 };
	__u64 i;

	for (i = 0; i < n; i++) {
		if (i % PIPE_PAGES == 0)
			NEED(!pipe(pipes) &&
			     fcntl(pipes[1], F_SETPIPE_SZ, PIPE_PAGES * PAGE) > 0);
		leave_page(pipes[1]);
	}
}

/* A charge that exceeds the limit looks at what has been left. */
static void exceed_limit(int unused, __u64 n)
{
	int dev = -1;

	device(&dev, DEVICE);
	NEED(!become(1000, PAGE));
	NEED(create(dev, IOKMEM_DIRECTION_INOUT, 2 * PAGE, 0) == -EPERM);
}

static void leftovers(const void *name, __u64 n)
{
	clear_holds();
	make_leftovers(n);
	report_holds(name, n, "making");

	clear_holds();
	end_process(start_process(exceed_limit, -1, 0));
	report_holds(name, n, "exceeding a limit");

	clear_holds();
	NEED(!syscall(SYS_close_range, 3, ~0U, 0));
	sleep(2);
	report_holds(name, n, "close");
}

/* After two periods without use the pool gives half of its blocks back. */
static void idle_blocks(const void *name, __u64 n)
{
	int dev = -1, first, fd;
	__u64 i;

	allow_files(n);
	device(&dev, DEVICE);
	first = dev + 1;
	clear_holds();
	for (i = 0; i < n; i++) {
		fd = create(dev, IOKMEM_DIRECTION_INOUT | IOKMEM_MAP_WRITE_COMBINE_CACHE, PAGE, 0);
		NEED(fd >= 0);
	}
	report_holds(name, n, "making");

	clear_holds();
	NEED(!syscall(SYS_close_range, first, ~0U, 0));
	report_holds(name, n, "close");

	clear_holds();
	sleep(60);
	report_holds(name, n, "giving memory back");
}

/* A lock that is held for a known number of instructions shows what the figures mean. */
static void known_loop(const void *name, __u64 n)
{
	int dev = -1;

	device(&dev, BENCH_DEVICE);
	clear_holds();
	NEED(!ioctl(dev, IOKMEM_BENCH_HOLD, &n));
	report_holds(name, n, "holding");
}

static const struct {
	const char *name;
	void (*run)(const void *name, __u64 n);
	__u64 most;
} all[] = {
	{ "a known loop", known_loop, LESS },
	{ "sub-maps", sub_maps, MANY },
	{ "sub-maps at one offset", sub_maps_at_one_offset, MANY },
	{ "sub-maps of another process", sub_maps_of_another, LESS },
	{ "sub-maps of 1000 processes", many_processes, MANY },
	{ "mappings at one offset", mappings_at_one_offset, LESS },
	{ "pageable mappings", pageable_mappings, LESS },
	{ "memfd", memfd, LESS },
	{ "descriptors", descriptors, MANY },
	{ "mapped buffers", mapped_buffers, LESS },
	{ "dma-bufs", dma_bufs, LESS },
	{ "pages that others keep", leftovers, LESS },
	{ "idle blocks of a pool", idle_blocks, LESS },
};

int main(int argc, char **argv)
{
	int i;

	begin(argc, argv);
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (wanted(all[i].name, FEW))
			alone(all[i].run, all[i].name, FEW);
		if (wanted(all[i].name, all[i].most))
			alone(all[i].run, all[i].name, all[i].most);
	}
	return 0;
}
