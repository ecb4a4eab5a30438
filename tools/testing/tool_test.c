// SPDX-License-Identifier: GPL-2.0-only
/*
 * iokmem(1) tells what is there: descriptors of every kind, and maps in several processes, as the
 * administrator and as another user.
 */
#include "tool_utils.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "dmabuf_utils.h"
#include "driver_utils.h"
#include "library_utils.h"
#include "probe/iokmem_probe.h"

#define USER	1000
#define SIZE	(3 * MIB)

/* The other user's process tells the parent in shared memory what it has. */
struct viewer {
	pid_t pid;
	int fd;		/* of memory of the parent's, read-only */
	int own;	/* of a buffer of its own */
	long long own_id;
	char *address;
};

FIXTURE(tool)
{
	int dev, wired, read_only, pageable, sub, multi, dma_buf;
	long long id, pageable_id, sub_id, multi_id;
	char *address, *inside, *paged;
	struct viewer *viewer;
};

/* The other user's process: see one page of the memory, and have some of its own. */
static int view(struct viewer *viewer, int dev)
{
	static const char name[] = "viewer \"<&\n";

	if (prctl(PR_SET_NAME, name) || become(USER, 8 * MIB) || prctl(PR_SET_DUMPABLE, 1) ||
	    map(viewer->fd, IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE, PAGE, PAGE, &viewer->address))
		return 1;
	viewer->own = create(dev, IOKMEM_DIRECTION_IN, PAGE, 0);
	if (viewer->own < 0)
		return 1;
	viewer->own_id = buffer_id(viewer->own);
	close(dev);
	__atomic_store_n(&viewer->pid, getpid(), __ATOMIC_RELEASE);
	for (;;)
		pause();
}

FIXTURE_SETUP(tool)
{
	pid_t child;
	int i;

	ASSERT_EQ(0, access(TOOL, X_OK)) TH_LOG("there is no %s", TOOL);
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->wired = create(self->dev, IOKMEM_DIRECTION_INOUT, SIZE, 0);
	self->id = buffer_id(self->wired);
	self->viewer = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	self->viewer->fd = duplicate(self->wired, IOKMEM_FD_READ_ONLY);
	self->read_only = self->viewer->fd;
	child = fork();
	if (!child) {
		/* The descriptor's other file belongs to the parent alone. */
		close(self->wired);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(view(self->viewer, self->dev));
	}
	for (i = 0; i < 1000 && !__atomic_load_n(&self->viewer->pid, __ATOMIC_ACQUIRE); i++)
		usleep(10000);
	ASSERT_EQ(child, self->viewer->pid);

	self->pageable = create(self->dev, IOKMEM_PAGEABLE, MIB, 0);
	self->pageable_id = buffer_id(self->pageable);
	self->sub = create_sub(self->wired, IOKMEM_DIRECTION_OUT, PAGE, 2 * PAGE);
	self->sub_id = buffer_id(self->sub);
	self->multi = create_multi(self->dev, 0, (__s32 []){ self->sub, self->pageable }, 2);
	self->multi_id = buffer_id(self->multi);
	self->dma_buf = get_dma_buf(self->wired, 0);
	ASSERT_LE(0, self->dma_buf);
	ASSERT_EQ(0, map(self->wired, 0, 0, 0, &self->address));
	ASSERT_EQ(0, map(self->wired, 0, PAGE + 7, 100, &self->inside));
	ASSERT_EQ(0, map(self->pageable, 0, 0, 0, &self->paged));
	self->paged[0] = 1;
	self->paged[PAGE] = 1;
}

FIXTURE_TEARDOWN(tool)
{
	kill(self->viewer->pid, SIGKILL);
	join(self->viewer->pid);
}

/* Return true if a process has this file descriptor of the descriptor, with these rights. */
static bool has_file(const struct json *desc, pid_t pid, int fd, const char *rights)
{
	struct json *file = json_get(desc, "files");

	for (file = file ? file->first : NULL; file; file = file->next)
		if (json_is(file, "pid", pid) && json_is(file, "fd", fd))
			return json_says(file, "rights", rights);
	return false;
}

/* Return the map that this process has at this address, or NULL. */
static struct json *find_map(const struct json *maps, pid_t pid, const void *address,
			     uint64_t length)
{
	struct json *map = maps ? maps->first : NULL;

	while (map && !(json_is(map, "pid", pid) && json_is(map, "address", (uintptr_t)address) &&
			json_is(map, "length", length)))
		map = map->next;
	return map;
}

static bool is_true(const struct json *object, const char *name)
{
	struct json *member = json_get(object, name);

	return member && member->type == 't';
}

TEST_F(tool, lists_descriptors_as_they_were_made)
{
	struct json *all = TOOL_JSON(0, "list"), *list = json_get(all, "descriptors"), *desc;

	EXPECT_TRUE(is_true(all, "all"));
	desc = json_find(list, "id", self->id);
	EXPECT_TRUE(json_says(desc, "kind", "wired"));
	EXPECT_TRUE(json_is(desc, "capacity", SIZE));
	EXPECT_TRUE(json_is(desc, "length", SIZE));
	EXPECT_TRUE(json_is(desc, "resident", SIZE));
	EXPECT_TRUE(json_is(desc, "charged", SIZE));
	EXPECT_TRUE(json_says(desc, "cache", "copyback"));
	EXPECT_TRUE(json_says(desc, "direction", "inout"));
	EXPECT_TRUE(json_is(desc, "prepared", 0));
	EXPECT_TRUE(json_is(desc, "maps", 3));
	EXPECT_TRUE(json_is(desc, "held", 1));
	EXPECT_TRUE(json_is(desc, "dma_bufs", 1));
	EXPECT_TRUE(json_is(desc, "revoked", 0));
	EXPECT_TRUE(json_says(desc, "parent", NULL));
	EXPECT_TRUE(json_says(desc, "maker", "process"));
	EXPECT_TRUE(json_is(desc, "maker_pid", getpid()));
	EXPECT_TRUE(json_is(desc, "maker_uid", 0));
	EXPECT_TRUE(json_says(desc, "maker_comm", "tool_test"));
	EXPECT_TRUE(json_is(desc, "charged_uid", 0));
	EXPECT_TRUE(has_file(desc, getpid(), self->wired, "rw revoke"));
	EXPECT_TRUE(has_file(desc, getpid(), self->read_only, "ro"));
	EXPECT_TRUE(has_file(desc, self->viewer->pid, self->viewer->fd, "ro"));
	EXPECT_EQ(3, json_count(json_get(desc, "files")));

	desc = json_find(list, "id", self->viewer->own_id);
	EXPECT_TRUE(json_is(desc, "maker_pid", self->viewer->pid));
	EXPECT_TRUE(json_is(desc, "maker_uid", USER));
	EXPECT_TRUE(json_says(desc, "maker_comm", "viewer \\\"<&\\\\012"));
	EXPECT_TRUE(json_is(desc, "charged_uid", USER));
	EXPECT_TRUE(json_says(desc, "direction", "in"));
	json_free(all);
}

TEST_F(tool, lists_what_windows_and_multi_descriptors_are_of)
{
	struct json *all = TOOL_JSON(0, "list"), *list = json_get(all, "descriptors");
	struct json *desc, *member;

	desc = json_find(list, "id", self->pageable_id);
	EXPECT_TRUE(json_says(desc, "kind", "pageable"));
	EXPECT_TRUE(json_is(desc, "charged", 0));
	EXPECT_TRUE(json_says(desc, "charged_uid", NULL));
	/* Two pages were touched, which are in one huge page where the system has such. */
	EXPECT_TRUE(json_is(desc, "resident", 2 * PAGE) || json_is(desc, "resident", MIB));

	desc = json_find(list, "id", self->sub_id);
	EXPECT_TRUE(json_says(desc, "kind", "sub"));
	EXPECT_TRUE(json_is(desc, "parent", self->id));
	EXPECT_TRUE(json_is(desc, "offset", PAGE));
	EXPECT_TRUE(json_is(desc, "length", 2 * PAGE));
	EXPECT_TRUE(json_is(desc, "resident", 0));

	desc = json_find(list, "id", self->multi_id);
	EXPECT_TRUE(json_says(desc, "kind", "multi"));
	EXPECT_EQ(2, json_count(json_get(desc, "members")));
	member = json_find(json_get(desc, "members"), "id", self->id);
	EXPECT_TRUE(json_is(member, "offset", PAGE));
	EXPECT_TRUE(json_is(member, "length", 2 * PAGE));
	member = json_find(json_get(desc, "members"), "id", self->pageable_id);
	EXPECT_TRUE(json_is(member, "offset", 0));
	EXPECT_TRUE(json_is(member, "length", MIB));
	json_free(all);
}

static void expect_kind(struct __test_metadata *_metadata, int fd, const char *kind,
			const char *maker)
{
	struct json *all, *desc;

	ASSERT_LE(0, fd) TH_LOG("%s", kind);
	all = TOOL_JSON(0, "list");
	desc = json_find(json_get(all, "descriptors"), "id", buffer_id(fd));
	EXPECT_TRUE(json_says(desc, "kind", kind)) TH_LOG("%s", kind);
	EXPECT_TRUE(json_says(desc, "maker", maker)) TH_LOG("%s", kind);
	json_free(all);
	close(fd);
}

TEST_F(tool, lists_memory_of_drivers)
{
	int driver = open_driver(), dma_buf;
	char *some = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (driver < 0)
		SKIP(return, "no " DRIVER);
	/* A worker of the driver's makes it. */
	expect_kind(_metadata, driver_buffer(driver, 0, PAGE), "wired", "kernel");
	expect_kind(_metadata, driver_make_buffer(driver, 0, PAGE, IOKMEM_PROBE_FOR_KERNEL),
		    "wired", "process");
	expect_kind(_metadata, driver_range(driver, some, PAGE, IOKMEM_DIRECTION_INOUT), "range",
		    "process");
	dma_buf = driver_opaque(driver);
	expect_kind(_metadata, with_dma_buf(self->dev, 0, dma_buf), "opaque dma-buf", "process");
	close(dma_buf);
	dma_buf = new_udmabuf(PAGE);
	if (dma_buf >= 0)
		expect_kind(_metadata, with_dma_buf(self->dev, 0, dma_buf), "dma-buf", "process");
}

TEST_F(tool, lists_maps_as_they_were_made)
{
	struct json *all = TOOL_JSON(0, "maps"), *maps = json_get(all, "maps"), *map, *part;
	struct viewer *viewer = self->viewer;

	map = find_map(maps, getpid(), self->address, SIZE);
	EXPECT_TRUE(json_is(map, "id", self->id));
	EXPECT_TRUE(json_says(map, "comm", "tool_test"));
	EXPECT_TRUE(json_says(map, "space", "process"));
	EXPECT_TRUE(json_is(map, "offset", 0));
	EXPECT_TRUE(json_says(map, "rights", "rw"));
	EXPECT_TRUE(json_is(map, "unique", 0));
	EXPECT_TRUE(json_is(map, "references", 1));
	EXPECT_TRUE(json_is(map, "part", 0));

	part = find_map(maps, getpid(), self->inside, 100);
	EXPECT_TRUE(json_is(part, "offset", PAGE + 7));
	EXPECT_TRUE(json_is(part, "part", 1));
	ASSERT_NE(NULL, json_get(part, "mapping"));
	EXPECT_TRUE(json_is(map, "mapping", json_get(part, "mapping")->number));

	map = find_map(maps, viewer->pid, viewer->address, PAGE);
	EXPECT_TRUE(json_is(map, "id", self->id));
	EXPECT_TRUE(json_is(map, "offset", PAGE));
	EXPECT_TRUE(json_says(map, "rights", "ro"));
	EXPECT_TRUE(json_is(map, "unique", 1));
	EXPECT_TRUE(json_says(map, "comm", "viewer \\\"<&\\\\012"));
	json_free(all);
}

TEST_F(tool, shows_one_descriptor)
{
	char id[32], paged[64];
	struct json *all, *desc;
	struct ran ran;

	snprintf(id, sizeof(id), "%lld", self->id);
	all = TOOL_JSON(0, "show", id);
	desc = json_get(all, "descriptor");
	EXPECT_TRUE(json_is(desc, "id", self->id));
	EXPECT_EQ(3, json_count(json_get(desc, "files")));
	EXPECT_EQ(3, json_count(json_get(all, "maps")));
	ASSERT_EQ(1, json_count(json_get(all, "windows")));
	EXPECT_EQ(self->sub_id, json_get(all, "windows")->first->number);
	json_free(all);

	ran = run_tool(0, "show", id);
	EXPECT_EQ(0, ran.code);
	snprintf(paged, sizeof(paged), "capacity     %lu (3M)\n", SIZE);
	EXPECT_NE(NULL, strstr(ran.out, paged));
	EXPECT_EQ(NULL, strchr(ran.out, '\033'));
	ran_free(&ran);

	ran = run_tool(0, "show", "999999999");
	EXPECT_EQ(1, ran.code);
	EXPECT_STREQ("iokmem: there is no descriptor 999999999\n", ran.err);
	ran_free(&ran);
}

/* The other user sees the read-only file and the map of the process that is his, and no more. */
TEST_F(tool, shows_another_user_his_own_only)
{
	struct json *all = TOOL_JSON(USER, "list"), *list = json_get(all, "descriptors"), *desc;
	struct viewer *viewer = self->viewer;
	char id[32];
	struct ran ran;

	EXPECT_FALSE(is_true(all, "all"));
	EXPECT_EQ(2, json_count(list));
	desc = json_find(list, "id", self->id);
	EXPECT_TRUE(json_is(desc, "capacity", SIZE));
	EXPECT_TRUE(json_says(desc, "maker", NULL));
	EXPECT_TRUE(json_says(desc, "maker_pid", NULL));
	EXPECT_TRUE(json_says(desc, "charged_uid", NULL));
	EXPECT_TRUE(has_file(desc, viewer->pid, viewer->fd, "ro"));
	EXPECT_EQ(1, json_count(json_get(desc, "files")));
	desc = json_find(list, "id", viewer->own_id);
	EXPECT_TRUE(has_file(desc, viewer->pid, viewer->own, "rw revoke"));
	json_free(all);

	all = TOOL_JSON(USER, "maps");
	EXPECT_EQ(1, json_count(json_get(all, "maps")));
	desc = find_map(json_get(all, "maps"), viewer->pid, viewer->address, PAGE);
	EXPECT_TRUE(json_is(desc, "id", self->id));
	EXPECT_TRUE(json_says(desc, "rights", "ro"));
	EXPECT_TRUE(json_says(desc, "offset", NULL));
	json_free(all);

	snprintf(id, sizeof(id), "%lld", self->pageable_id);
	ran = run_tool(USER, "show", id);
	EXPECT_EQ(1, ran.code);
	EXPECT_NE(NULL, strstr(ran.err, "no process of yours has descriptor"));
	ran_free(&ran);
	ran = run_tool(USER, "leaks");
	EXPECT_EQ(2, ran.code);
	EXPECT_NE(NULL, strstr(ran.err, "run it as root"));
	ran_free(&ran);
}

/* Pageable mappings have a file of another kind. */
static int see_a_pageable_map(void *arg)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd = create(dev, IOKMEM_PAGEABLE, MIB, 0);
	long long id = buffer_id(fd);
	struct json *all, *found;
	char *address;
	struct ran ran;

	CHILD_EXPECT(!map(fd, 0, 0, 0, &address));
	CHILD_EXPECT(!become(USER + 1, 8 * MIB) && !prctl(PR_SET_DUMPABLE, 1));
	ran = run_tool(0, "maps", "--json");
	all = json_parse(ran.out);
	CHILD_EXPECT(json_count(json_get(all, "maps")) == 1);
	found = find_map(json_get(all, "maps"), getpid(), address, MIB);
	CHILD_EXPECT(json_is(found, "id", id) && json_says(found, "rights", "rw"));
	return 0;
}

TEST_F(tool, shows_another_user_his_pageable_map)
{
	EXPECT_EQ(0, run_child(see_a_pageable_map, NULL));
}

TEST_F(tool, adds_up_for_processes_and_users)
{
	struct json *all = TOOL_JSON(0, "top"), *list, *one, *process;
	uint64_t paged;

	list = TOOL_JSON(0, "list");
	one = json_find(json_get(list, "descriptors"), "id", self->pageable_id);
	paged = json_get(one, "resident")->number;
	process = json_find(json_get(all, "processes"), "pid", getpid());
	/* The window and the multi-descriptor have no memory of their own. */
	EXPECT_TRUE(json_is(process, "resident", SIZE + paged));
	EXPECT_TRUE(json_is(process, "files", 5));
	EXPECT_TRUE(json_is(process, "maps", 3));
	process = json_find(json_get(all, "processes"), "pid", self->viewer->pid);
	EXPECT_TRUE(json_is(process, "resident", SIZE + PAGE));
	EXPECT_TRUE(json_is(process, "uid", USER));
	process = json_find(json_get(all, "users"), "uid", USER);
	EXPECT_TRUE(json_is(process, "resident", SIZE + PAGE));
	EXPECT_TRUE(json_is(process, "charged", PAGE));
	json_free(list);
	json_free(all);
}

TEST_F(tool, tells_what_keeps_memory_that_no_process_has)
{
	int sockets[2], dma_buf, sent = new_buffer(PAGE), exported = new_buffer(PAGE);
	long long sent_id = buffer_id(sent), exported_id = buffer_id(exported);
	struct json *all, *leak, *desc;
	struct ran ran;

	ran = run_tool(0, "leaks", "--json");
	all = json_parse(ran.out);
	for (leak = json_get(all, "leaks")->first; leak; leak = leak->next) {
		desc = json_get(leak, "descriptor");
		EXPECT_FALSE(json_is(desc, "id", sent_id) || json_is(desc, "id", self->id) ||
			     json_is(desc, "id", self->sub_id) ||
			     json_is(desc, "id", self->pageable_id));
	}
	json_free(all);
	ran_free(&ran);

	dma_buf = get_dma_buf(exported, 0);
	close(exported);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	ASSERT_EQ(0, send_raw(sockets[0], "!", 1, &sent, 1));
	close(sent);
	ran = run_tool(0, "leaks", "--json");
	EXPECT_EQ(1, ran.code);
	EXPECT_STREQ("", ran.err);
	all = json_parse(ran.out);
	for (leak = json_get(all, "leaks")->first; leak; leak = leak->next) {
		desc = json_get(leak, "descriptor");
		if (json_is(desc, "id", sent_id)) {
			EXPECT_TRUE(json_says(leak, "kept_by", "driver, or a message in a socket"));
			sent_id = 0;
		} else if (json_is(desc, "id", exported_id)) {
			EXPECT_TRUE(json_says(leak, "kept_by", "dma-buf"));
			exported_id = 0;
		}
	}
	EXPECT_EQ(0, sent_id);
	EXPECT_EQ(0, exported_id);
	json_free(all);
	ran_free(&ran);
	close(dma_buf);
}

TEST_F(tool, tells_limits_and_what_is_used_of_them)
{
	struct json *all, *limits;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", self->viewer->pid);
	all = TOOL_JSON(0, "limits", pid);
	limits = json_get(all, "limits");
	EXPECT_TRUE(json_is(json_get(limits, "memlock"), "used", PAGE));
	EXPECT_TRUE(json_is(json_get(limits, "memlock"), "limit", 8 * MIB));
	EXPECT_TRUE(json_is(json_get(limits, "maps"), "used", 1));
	EXPECT_TRUE(json_is(json_get(limits, "maps"), "limit",
			    read_number("/sys/module/iokmem/parameters/max_map_count")));
	EXPECT_TRUE(json_is(json_get(limits, "mappings"), "limit",
			    read_number("/proc/sys/vm/max_map_count")));
	json_free(all);

	/* Only the administrator is told how much counts for a user. */
	all = TOOL_JSON(USER, "limits", pid);
	limits = json_get(all, "limits");
	EXPECT_TRUE(json_says(json_get(limits, "memlock"), "used", NULL));
	EXPECT_TRUE(json_is(json_get(limits, "memlock"), "limit", 8 * MIB));
	EXPECT_TRUE(json_is(json_get(limits, "maps"), "used", 1));
	json_free(all);
}

/* Return true if a line of the text is @line. */
static bool has_line(const char *text, const char *line)
{
	const char *at = text;
	size_t length = strlen(line);

	while ((at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return true;
		at += length;
	}
	return false;
}

TEST_F(tool, reports_what_a_fault_is_looked_for_with)
{
	struct ran ran = run_tool(0, "report");

	EXPECT_EQ(0, ran.code);
	EXPECT_STREQ("", ran.err);
	EXPECT_TRUE(has_line(ran.out, "== /proc/version"));
	EXPECT_TRUE(has_line(ran.out, "== /sys/module/iokmem/version"));
	EXPECT_TRUE(has_line(ran.out, "== log"));
	EXPECT_NE(NULL, strstr(ran.out, "Linux version "));
	EXPECT_NE(NULL, strstr(ran.out, "\niokmem-kind:\twired\n"));
	EXPECT_NE(NULL, strstr(ran.out, "\niokmem-pool:\t"));
	ran_free(&ran);

	ran = run_tool(USER, "report");
	EXPECT_EQ(0, ran.code);
	EXPECT_TRUE(has_line(ran.out, "== /proc/iokmem/descriptors"));
	EXPECT_EQ(NULL, strstr(ran.out, "iokmem-kind"));
	EXPECT_NE(NULL, strstr(ran.out, "not readable: Permission denied"));
	ran_free(&ran);
}

TEST_F(tool, draws_one_descriptor)
{
	char id[32], text[64];
	struct ran ran;

	snprintf(id, sizeof(id), "%lld", self->id);
	ran = run_tool(0, "draw", id);
	EXPECT_EQ(0, ran.code);
	EXPECT_STREQ("", ran.err);
	EXPECT_EQ(0, strncmp(ran.out, "<svg ", 5));
	EXPECT_NE(NULL, strstr(ran.out, "</svg>\n"));
	snprintf(text, sizeof(text), ">%p, read and write, references 1<", self->address);
	EXPECT_NE(NULL, strstr(ran.out, text));
	snprintf(text, sizeof(text), ">%p, read-only, unique, references 1<",
		 self->viewer->address);
	EXPECT_NE(NULL, strstr(ran.out, text));
	snprintf(text, sizeof(text), ">window %lld<", self->sub_id);
	EXPECT_NE(NULL, strstr(ran.out, text));
	snprintf(text, sizeof(text), ">part of multi %lld<", self->multi_id);
	EXPECT_NE(NULL, strstr(ran.out, text));
	EXPECT_NE(NULL, strstr(ran.out, "viewer \"&lt;&amp;\\012 ["));
	ran_free(&ran);
}

/* Run the tool on a terminal of this size. Return the terminal's other side. */
static int run_on_terminal(pid_t *child, const char *const *args, int rows, int columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	ioctl(master, TIOCSWINSZ, &size);
	*child = fork();
	if (*child)
		return master;
	setsid();
	slave = open(ptsname(master), O_RDWR);
	ioctl(slave, TIOCSCTTY, 0);
	dup2(slave, 0);
	dup2(slave, 1);
	dup2(slave, 2);
	setenv("TERM", "xterm", 1);
	execv(TOOL, (char **)args);
	_exit(127);
}

/* Read what comes from the terminal until it has @end. Return the last screen of it. */
static bool read_until(int master, const char *end, char *text, size_t size)
{
	size_t length = 0;
	ssize_t n;

	text[0] = 0;
	while (length < size - 1 && (n = read(master, text + length, size - 1 - length)) > 0) {
		length += n;
		text[length] = 0;
		if (strstr(text, end))
			return true;
	}
	return false;
}

/* Return the length of the longest line, sequences that command the terminal not counted. */
static int longest_line(const char *text)
{
	int longest = 0, length = 0;

	for (; *text; text++) {
		if (*text == '\033')
			text += strcspn(text, "HJmhl");
		else if (*text == '\n')
			length = 0;
		else if (*text != '\r')
			length++;
		longest = length > longest ? length : longest;
	}
	return longest;
}

TEST_F(tool, watches_on_a_terminal_until_q)
{
	static const char *const args[] = { "iokmem", "top", "--delay=600", NULL };
	struct winsize narrow = { .ws_row = 12, .ws_col = 34 };
	struct termios before, after;
	char text[16384];
	pid_t child;
	int master;

	master = run_on_terminal(&child, args, 40, 100);
	ASSERT_LE(0, master);
	ASSERT_EQ(0, tcgetattr(master, &before));
	ASSERT_TRUE(read_until(master, "tool_test", text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\033[?1049h"));
	EXPECT_NE(NULL, strstr(text, "RESIDENT"));
	ASSERT_EQ(0, tcgetattr(master, &after));
	EXPECT_EQ(0, after.c_lflag & (ICANON | ECHO));
	/* It draws again at once. */
	ASSERT_EQ(0, ioctl(master, TIOCSWINSZ, &narrow));
	ASSERT_TRUE(read_until(master, "PID", text, sizeof(text)));
	EXPECT_GE(34, longest_line(strstr(text, "\033[H")));
	ASSERT_EQ(1, write(master, "q", 1));
	EXPECT_EQ(0, join(child));
	ASSERT_TRUE(read_until(master, "\033[?1049l", text, sizeof(text)));
	ASSERT_EQ(0, tcgetattr(master, &after));
	EXPECT_EQ(before.c_lflag, after.c_lflag);
	close(master);
}

/* The key comes while the tool is about to wait, or waits. */
TEST_F(tool, gives_the_terminal_back_when_interrupted)
{
	static const char *const args[] = { "iokmem", "top", "--delay=600", NULL };
	char text[16384];
	pid_t child;
	int master, i;

	for (i = 0; i < 100; i++) {
		master = run_on_terminal(&child, args, 40, 100);
		ASSERT_LE(0, master);
		ASSERT_TRUE(read_until(master, "tool_test", text, sizeof(text)));
		ASSERT_EQ(1, write(master, "\003", 1));
		EXPECT_EQ(0, join(child));
		EXPECT_TRUE(read_until(master, "\033[?1049l", text, sizeof(text)));
		close(master);
	}
}

TEST_F(tool, has_colours_on_a_terminal_only)
{
	static const char *const args[] = { "iokmem", "list", NULL };
	char text[16384];
	pid_t child;
	int master;

	master = run_on_terminal(&child, args, 40, 100);
	ASSERT_LE(0, master);
	ASSERT_TRUE(read_until(master, "STATE", text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\033[1m"));
	read_until(master, "nothing", text, sizeof(text));
	EXPECT_EQ(0, join(child));
	close(master);
	setenv("NO_COLOR", "1", 1);
	master = run_on_terminal(&child, args, 40, 100);
	ASSERT_TRUE(read_until(master, "STATE", text, sizeof(text)));
	EXPECT_EQ(NULL, strchr(text, '\033'));
	read_until(master, "nothing", text, sizeof(text));
	EXPECT_EQ(0, join(child));
	unsetenv("NO_COLOR");
	close(master);
}

/* Descriptors and processes come and go while they are looked at. */
TEST_F(tool, is_not_disturbed_by_what_goes_meanwhile)
{
	pid_t churn = fork();
	int i;

	if (!churn) {
		for (;;) {
			char *address;
			int fd = new_buffer(PAGE);

			map(fd, 0, 0, 0, &address);
			if (!fork())
				_exit(0);
			close(fd);
			release(fd, address, PAGE);
			munmap(address, PAGE);
			waitpid(-1, NULL, WNOHANG);
		}
	}
	for (i = 0; i < 20; i++) {
		struct json *all = TOOL_JSON(0, i & 1 ? "list" : "top");

		EXPECT_NE(NULL, all);
		json_free(all);
	}
	kill(churn, SIGKILL);
	join(churn);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
