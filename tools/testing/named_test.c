// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named buffers: the module iokmem_named, loaded with buffers and without, and iokmem(1), which
 * makes and removes them.
 */
#include "named_utils.h"
#include "tool_utils.h"

#include <linux/capability.h>
#include <sys/klog.h>
#include <sys/uio.h>

/* Read a number of any base. Return 0 or -errno. */
static int attribute(const char *name, const char *what, unsigned long long *number)
{
	char path[96], text[32] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYSFS "%s/%s", name, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	*number = strtoull(text, NULL, 0);
	return n < 0 ? -errno : 0;
}

static unsigned long long size_of(const char *name)
{
	unsigned long long size;

	return attribute(name, "size", &size) ? 0 : size;
}

static bool log_has(const char *text)
{
	int size = klogctl(10, NULL, 0);	/* the size of the log */
	char *log = calloc(1, size + 1);
	bool has = klogctl(3, log, size) > 0 && strstr(log, text);

	free(log);
	return has;
}

FIXTURE(named)
{
	int fd;
};

FIXTURE_SETUP(named)
{
	if (access(MODULE, F_OK))
		SKIP(return, "no " MODULE);
	ASSERT_EQ(0, load("buffers=one:1M:contiguous,two:5000,three:1M:coherent"));
	self->fd = open(NODES "one", O_RDWR | O_CLOEXEC);
	EXPECT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(named)
{
	if (access(MODULE, F_OK))
		return;
	close(self->fd);
	EXPECT_TRUE(unload());
	EXPECT_EQ(0, nr_nodes());
}

TEST_F(named, are_made_at_load_and_hold_what_is_written)
{
	struct stat st;
	int other, reader;
	char *bytes, *same;

	EXPECT_EQ(3, nr_nodes());
	EXPECT_EQ(SIZE, size_of("one"));
	EXPECT_EQ(round_up(5000, PAGE), size_of("two"));
	EXPECT_EQ(SIZE, size_of("three"));
	ASSERT_EQ(0, stat(NODES "one", &st));
	EXPECT_EQ(0660, st.st_mode & 0777);
	bytes = map_file(self->fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, bytes);
	EXPECT_TRUE(is_zero(bytes, SIZE));
	number_pages(bytes, SIZE);
	ASSERT_EQ(0, munmap(bytes, SIZE));
	close(self->fd);

	/* No program has the buffer now. */
	other = open(NODES "one", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other);
	bytes = map_file(other, PROT_READ);
	ASSERT_NE(MAP_FAILED, bytes);
	EXPECT_TRUE(pages_are_numbered(bytes, SIZE, 0));

	reader = open(NODES "one", O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(MAP_FAILED, map_file(reader, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	same = map_file(reader, PROT_READ);
	ASSERT_NE(MAP_FAILED, same);
	EXPECT_ERRNO(EACCES, mprotect(same, SIZE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, munmap(same, SIZE));
	ASSERT_EQ(0, munmap(bytes, SIZE));
	close(reader);
	close(other);
}

TEST_F(named, have_a_file_that_can_do_no_harm)
{
	struct iokmem_query_buffer arg = {};
	int memory = memory_of(self->fd), reader, dma_buf;
	char *bytes;

	ASSERT_LE(0, memory);
	EXPECT_EQ(SIZE, length_of(memory));
	ASSERT_EQ(0, map(memory, 0, 0, 0, &bytes));
	bytes[0] = 'x';
	ASSERT_EQ(0, release(memory, bytes, SIZE));
	dma_buf = get_dma_buf(memory, 0);
	EXPECT_LE(0, dma_buf);
	close(dma_buf);

	EXPECT_EQ(-EOPNOTSUPP, set_length(memory, PAGE));
	EXPECT_EQ(-EACCES, revoke_memory(memory));
	/* The cache mode is the administrator's choice. */
	EXPECT_EQ(-EACCES, map(memory, IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0, &bytes));
	ASSERT_EQ(0, query(memory, &arg));
	EXPECT_EQ(IOKMEM_MAP_COPYBACK_CACHE, arg.cache_mode);

	reader = open(NODES "one", O_RDONLY | O_CLOEXEC);
	close(memory);
	memory = memory_of(reader);
	ASSERT_LE(0, memory);
	EXPECT_EQ(-EACCES, map(memory, 0, 0, 0, &bytes));
	close(memory);
	close(reader);
}

/* As root of a container, who may do nothing else than what files of root's allow. */
static int read_phys_addr_without_capabilities(void *arg)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {};
	unsigned long long number;

	CHILD_EXPECT(!syscall(SYS_capset, &header, none));
	CHILD_EXPECT(attribute("one", "size", &number) == 0);
	CHILD_EXPECT(attribute("one", "phys_addr", &number) == -EPERM);
	CHILD_EXPECT(attribute("three", "phys_addr", &number) == -EPERM);
	return 0;
}

/* As an ordinary user who is not in the group iokmem either. */
static int do_what_is_for_root(void *arg)
{
	unsigned long long number;

	CHILD_EXPECT(!become(1000, 0));
	CHILD_EXPECT(attribute("one", "size", &number) == 0 && number == SIZE);
	CHILD_EXPECT(attribute("one", "phys_addr", &number) == -EACCES);
	CHILD_EXPECT(write_file(SYSFS "one/sync_for_cpu", "0 4096") == -EACCES);
	CHILD_EXPECT(write_file(SYSFS "one/sync_for_device", "0 4096") == -EACCES);
	CHILD_EXPECT(make("four:1M") == -EACCES);
	CHILD_EXPECT(take_away("one") == -EACCES);
	CHILD_EXPECT(write_file(DRIVER "unbind", "iokmem-buffer.0") == -EACCES);
	CHILD_EXPECT(access("/sys/module/iokmem_named/parameters/buffers", R_OK));
	CHILD_EXPECT(open(NODES "one", O_RDONLY) < 0 && errno == EACCES);
	return 0;
}

TEST_F(named, tell_root_alone_where_they_are)
{
	unsigned long long address = 0, dma = 0;

	EXPECT_EQ(0, attribute("one", "phys_addr", &address));
	EXPECT_NE(0, address);
	EXPECT_EQ(0, address % PAGE);
	EXPECT_EQ(0, attribute("three", "phys_addr", &dma));
	EXPECT_NE(0, dma);
	EXPECT_NE(address, dma);
	EXPECT_EQ(-ENXIO, attribute("two", "phys_addr", &address));
	EXPECT_EQ(0, run_child(read_phys_addr_without_capabilities, NULL));
	EXPECT_EQ(0, run_child(do_what_is_for_root, NULL));
	EXPECT_EQ(3, nr_nodes());
}

TEST_F(named, are_synchronised_by_range)
{
	static const char *const names[] = { "one", "two", "three" };
	static const struct {
		const char *text;
		int err;
	} ranges[] = {
		{ "0 4096", 0 }, { "4000 0x60\n", 0 }, { "0 8192", 0 }, { "0 0", 0 },
		{ "0 1048577", -ERANGE }, { "1048576 1", -ERANGE },
		{ "1 18446744073709551615", -EOVERFLOW }, { "0 18446744073709551616", -ERANGE },
		{ "", -EINVAL }, { "0", -EINVAL }, { "0 ", -EINVAL }, { "0 1 2", -EINVAL },
		{ "-1 1", -EINVAL }, { "0  1", -EINVAL },
	};
	char path[96], *bytes = map_file(self->fd, PROT_READ | PROT_WRITE);
	size_t i, k;

	ASSERT_NE(MAP_FAILED, bytes);
	number_pages(bytes, SIZE);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		for (k = 0; k < ARRAY_SIZE(ranges); k++) {
			/* A write of no bytes does not reach the module. */
			int err = *ranges[k].text ? ranges[k].err : 0;

			snprintf(path, sizeof(path), SYSFS "%s/sync_for_cpu", names[i]);
			EXPECT_EQ(err, write_file(path, ranges[k].text))
				TH_LOG("%s: '%s'", names[i], ranges[k].text);
			snprintf(path, sizeof(path), SYSFS "%s/sync_for_device", names[i]);
			EXPECT_EQ(err, write_file(path, ranges[k].text))
				TH_LOG("%s: '%s'", names[i], ranges[k].text);
		}
	/* No byte is lost. */
	EXPECT_TRUE(pages_are_numbered(bytes, SIZE, 0));
	ASSERT_EQ(0, munmap(bytes, SIZE));
}

TEST_F(named, that_are_removed_are_taken_away_from_all)
{
	int memory = memory_of(self->fd), dma_buf, again;
	char *bytes = map_file(self->fd, PROT_READ | PROT_WRITE), *fresh;

	ASSERT_LE(0, memory);
	ASSERT_NE(MAP_FAILED, bytes);
	memset(bytes, 'x', SIZE);
	dma_buf = get_dma_buf(memory, 0);
	ASSERT_EQ(0, take_away("one\n"));
	EXPECT_FALSE(is_there("one"));
	EXPECT_EQ(SIGBUS, probe(bytes, false));
	EXPECT_EQ(MAP_FAILED, map_file(self->fd, PROT_READ));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, map_file(memory, PROT_READ));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-ENOENT, take_away("one"));

	/* The next one of the name is another one. */
	ASSERT_EQ(0, make("one:1M"));
	again = open(NODES "one", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, again);
	fresh = map_file(again, PROT_READ);
	ASSERT_NE(MAP_FAILED, fresh);
	EXPECT_TRUE(is_zero(fresh, SIZE));
	EXPECT_EQ(SIGBUS, probe(bytes, false));
	ASSERT_EQ(0, munmap(fresh, SIZE));
	ASSERT_EQ(0, munmap(bytes, SIZE));
	close(dma_buf);
	close(again);
	close(memory);
}

/* A pipe has references to pages. */
TEST_F(named, leave_pinned_pages_alone_when_the_module_goes)
{
	struct iovec iov = { .iov_len = 4 * PAGE };
	int memory = memory_of(self->fd), pipes[2];
	char *got = malloc(4 * PAGE);

	ASSERT_LE(0, memory);
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, map(memory, IOKMEM_MAP_PINNABLE, 0, 0, (char **)&iov.iov_base));
	number_pages(iov.iov_base, SIZE);
	ASSERT_EQ(4 * PAGE, vmsplice(pipes[1], &iov, 1, 0));
	close(self->fd);
	ASSERT_TRUE(unload());
	EXPECT_EQ(SIGBUS, probe(iov.iov_base, true));
	close(memory);
	ASSERT_EQ(0, load("buffers=one:1M:contiguous"));
	ASSERT_EQ(4 * PAGE, read(pipes[0], got, 4 * PAGE));
	EXPECT_TRUE(pages_are_numbered(got, 4 * PAGE, 0));
	close(pipes[0]);
	close(pipes[1]);
	free(got);
}

TEST_F(named, do_not_keep_the_module_by_maps_and_files_of_their_memory)
{
	int memory = memory_of(self->fd);
	char *bytes = map_file(self->fd, PROT_READ | PROT_WRITE), *other;

	ASSERT_LE(0, memory);
	ASSERT_NE(MAP_FAILED, bytes);
	ASSERT_EQ(0, map(memory, IOKMEM_MAP_UNIQUE, 0, 0, &other));
	EXPECT_EQ(-EWOULDBLOCK, try_to_unload());
	close(self->fd);
	ASSERT_TRUE(unload());
	EXPECT_EQ(SIGBUS, probe(bytes, true));
	EXPECT_EQ(SIGBUS, probe(other, true));
	EXPECT_EQ(MAP_FAILED, map_file(memory, PROT_READ));
	EXPECT_EQ(ENODEV, errno);
	close(memory);
	ASSERT_EQ(0, load(""));
}

/* A device whose driver has left has a name still. */
TEST_F(named, can_be_unbound_and_bound)
{
	char link[128] = "", *device;

	ASSERT_LT(0, readlink(SYSFS "three/device", link, sizeof(link) - 1));
	device = strrchr(link, '/') + 1;
	ASSERT_EQ(0, write_file(DRIVER "unbind", device));
	EXPECT_FALSE(is_there("three"));
	EXPECT_EQ(-EEXIST, make("three:1M"));
	ASSERT_EQ(0, write_file(DRIVER "bind", device));
	EXPECT_TRUE(is_there("three"));
	ASSERT_EQ(0, write_file(DRIVER "unbind", device));
	EXPECT_EQ(0, take_away("three"));
}

static const struct {
	const char *text;
	int err;
} bad[] = {
	{ "four", -EINVAL }, { ":1M", -EINVAL }, { "four:", -EINVAL }, { "four:0", -EINVAL },
	{ "four:-1", -EINVAL }, { "four:M", -EINVAL }, { "four:1MM", -EINVAL },
	{ "four:1T", -EINVAL }, { "a/b:1M", -EINVAL }, { "..:1M", -EINVAL }, { "a b:1M", -EINVAL },
	{ "a\n:1M", -EINVAL }, { "a!b:1M", -EINVAL }, { "/:1M", -EINVAL }, { ".:1M", -EINVAL },
	{ "../../null:1M", -EINVAL }, { ".a:1M", -EINVAL }, { "%s:1M", -EINVAL },
	{ "\xc3\xa4:1M", -EINVAL }, { "four:1M\n:cached", -EINVAL },
	{ "12345678901234567890123456789012:1M", -ENAMETOOLONG },
	{ "four:18446744073709551615", -EOVERFLOW }, { "four:18446744073709551616", -EOVERFLOW },
	{ "four:17179869184G", -EOVERFLOW }, { "four:1M:", -EOPNOTSUPP },
	{ "four:1M:fast", -EOPNOTSUPP }, { "four:1M:coherent:contiguous", -EINVAL },
	{ "four:1M:uncached:coherent", -EINVAL }, { "four:1M:cached:uncached", -EINVAL },
	{ "four:1M:contiguous:contiguous", -EINVAL },
};

TEST_F(named, are_not_made_of_nonsense)
{
	static const char *const absent[] = {
		"four", "\n", "..", "../one", "one/", "one one", "on", "one:1M", "iokmem-buffer.0",
		"12345678901234567890123456789012345678901234567890",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(bad[i].err, make(bad[i].text)) TH_LOG("'%s'", bad[i].text);
	EXPECT_EQ(-EEXIST, make("one:1M"));
	EXPECT_EQ(-ENOMEM, make("four:1024G"));
	EXPECT_EQ(-ENOMEM, make("four:1024G:contiguous"));
	EXPECT_EQ(-ENOMEM, make("four:1024G:coherent"));
	EXPECT_EQ(-EINVAL, make("\n"));
	for (i = 0; i < ARRAY_SIZE(absent); i++)
		EXPECT_EQ(-ENOENT, take_away(absent[i])) TH_LOG("'%s'", absent[i]);
	EXPECT_EQ(3, nr_nodes());
	EXPECT_EQ(SIZE, size_of("one"));
	EXPECT_EQ(0, make("1234567890123456789012345678901:1:uncached"));
	EXPECT_EQ(PAGE, size_of("1234567890123456789012345678901"));
}

TEST_F(named, have_the_cache_mode_that_was_asked_for)
{
	static const struct {
		const char *text;
		__u32 mode;
	} modes[] = {
		{ "four:1M:uncached:contiguous", IOKMEM_MAP_INHIBIT_CACHE },
		{ "four:1M:write-combine", IOKMEM_MAP_WRITE_COMBINE_CACHE },
		{ "four:1M:cached\n", IOKMEM_MAP_COPYBACK_CACHE },
	};
	struct iokmem_query_buffer arg;
	int fd, memory;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		ASSERT_EQ(0, make(modes[i].text));
		fd = open(NODES "four", O_RDWR | O_CLOEXEC);
		memory = memory_of(fd);
		arg = (struct iokmem_query_buffer){};
		ASSERT_EQ(0, query(memory, &arg));
		EXPECT_EQ(modes[i].mode, arg.cache_mode);
		close(memory);
		close(fd);
		ASSERT_EQ(0, take_away("four"));
	}
}

TEST_F(named, are_made_and_removed_by_the_tool)
{
	static const struct {
		const char *args[6];
		const char *says;
	} wrong[] = {
		{ { "create", "five" }, "a name and a size" },
		{ { "create", "five", "1M", "fast" }, "option is unknown" },
		{ { "create", "five:1M", "1M" }, "neither a name" },
		{ { "create", "one", "1M" }, "one was not made: there is one" },
		{ { "create", "five", "0" }, "not valid" },
		{ { "create", "five", "1024G" }, "not so much memory" },
		{ { "create", "five", "1M", "--json" }, "no --json" },
		{ { "remove" }, "takes a name" },
		{ { "remove", "five" }, "five is not a buffer" },
		{ { "remove", "one", "two" }, "too many arguments" },
	};
	struct ran ran;
	size_t i;

	ran = run_tool(0, "create", "four", "64K", "contiguous", "write-combine");
	EXPECT_EQ(0, ran.code) TH_LOG("%s", ran.err);
	EXPECT_STREQ("", ran.err);
	ran_free(&ran);
	EXPECT_EQ(64 * 1024, size_of("four"));
	ran = run_tool(0, "remove", "four");
	EXPECT_EQ(0, ran.code) TH_LOG("%s", ran.err);
	ran_free(&ran);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		ran = run_tool_as(0, wrong[i].args);
		EXPECT_EQ(2, ran.code);
		EXPECT_NE(NULL, strstr(ran.err, wrong[i].says))
			TH_LOG("%s, not %s", ran.err, wrong[i].says);
		ran_free(&ran);
	}
	ran = run_tool(1000, "create", "five", "1M");
	EXPECT_EQ(2, ran.code);
	EXPECT_NE(NULL, strstr(ran.err, "Permission denied")) TH_LOG("%s", ran.err);
	ran_free(&ran);
	EXPECT_EQ(3, nr_nodes());
}

TEST(nothing_is_loaded_if_a_parameter_is_nonsense)
{
	char parameters[128];
	struct ran ran;
	size_t i;

	if (access(MODULE, F_OK))
		SKIP(return, "no " MODULE);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(parameters, sizeof(parameters), "buffers=\"good:1M,%s\"", bad[i].text);
		EXPECT_EQ(bad[i].err, load(parameters)) TH_LOG("'%s'", parameters);
		EXPECT_NE(0, access("/sys/module/iokmem_named", F_OK));
		EXPECT_EQ(0, nr_nodes());
	}
	ran = run_tool(0, "create", "five", "1M");
	EXPECT_EQ(2, ran.code);
	EXPECT_NE(NULL, strstr(ran.err, "modprobe iokmem_named")) TH_LOG("%s", ran.err);
	ran_free(&ran);
}

/* Programs may have opened the others already. */
TEST(the_parameter_has_as_many_as_it_can_name)
{
	char parameters[512] = "buffers=b0:1";
	int i;

	if (access(MODULE, F_OK))
		SKIP(return, "no " MODULE);
	for (i = 1; i < 32; i++)
		sprintf(parameters + strlen(parameters), ",b%d:1", i);
	ASSERT_EQ(0, load(parameters));
	EXPECT_EQ(32, nr_nodes());
	EXPECT_TRUE(unload());
	strcat(parameters, ",b32:1");
	EXPECT_EQ(-EINVAL, load(parameters));
	EXPECT_EQ(0, nr_nodes());
}

/* Linux 6.1 has 128 minor numbers for all such nodes. */
TEST_F(named, are_as_many_as_there_are_minor_numbers)
{
	char text[32];
	int nr, err = 0, i;

	for (nr = 0; nr < 300 && !err; nr += !err) {
		snprintf(text, sizeof(text), "b%d:1", nr);
		err = make(text);
	}
	EXPECT_EQ(kernel_is_since(6, 12) ? 0 : -EBUSY, err);
	EXPECT_LT(50, nr);
	EXPECT_EQ(3 + nr, nr_nodes());
	for (i = 0; i < nr; i++) {
		snprintf(text, sizeof(text), "b%d", i);
		EXPECT_EQ(0, take_away(text));
	}
	EXPECT_EQ(3, nr_nodes());
	EXPECT_EQ(0, make("four:1"));
}

/* The device tree's buffers, which scripts/boot adds to that of arm64: see named_test.dts. */
TEST_F(named, are_made_for_the_device_tree)
{
	static const struct {
		const char *device;
		int err;
	} wrong[] = {
		{ "tree-same", -EEXIST }, { "tree-no-label", -EINVAL },
		{ "tree-no-text", -EILSEQ }, { "tree-empty-label", -EINVAL },
		{ "tree-parent", -EINVAL }, { "tree-path", -EINVAL },
		{ "tree-long-label", -ENAMETOOLONG }, { "tree-no-size", -EINVAL },
		{ "tree-size-of-32-bits", -EOVERFLOW }, { "tree-zero", -EINVAL },
		{ "tree-overflow", -EOVERFLOW }, { "tree-large", -ENOMEM },
		{ "tree-conflict", -EINVAL },
	};
	unsigned long long address = 0;
	struct iokmem_query_buffer arg = {};
	int fd, memory;
	char *bytes;
	size_t i;

	if (!machine_has("tree"))
		SKIP(return, "no such device tree");
	EXPECT_EQ(round_up(5000, PAGE), size_of("tree-plain"));
	EXPECT_EQ(SIZE, size_of("tree-contiguous"));
	EXPECT_EQ(2 * SIZE, size_of("tree-coherent"));
	EXPECT_EQ(-ENXIO, attribute("tree-plain", "phys_addr", &address));
	EXPECT_EQ(0, attribute("tree-coherent", "phys_addr", &address));
	EXPECT_NE(0, address);
	fd = open(NODES "tree-contiguous", O_RDWR | O_CLOEXEC);
	memory = memory_of(fd);
	ASSERT_EQ(0, query(memory, &arg));
	EXPECT_EQ(IOKMEM_MAP_WRITE_COMBINE_CACHE, arg.cache_mode);
	bytes = map_file(fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, bytes);
	number_pages(bytes, SIZE);
	EXPECT_TRUE(pages_are_numbered(bytes, SIZE, 0));

	/* The tree makes these devices, so only its driver can be taken from them. */
	EXPECT_EQ(-ENOENT, take_away("tree-contiguous"));
	EXPECT_EQ(-EEXIST, make("tree-contiguous:1M"));
	EXPECT_EQ(0, write_file(DRIVER "unbind", "tree-contiguous"));
	EXPECT_FALSE(is_there("tree-contiguous"));
	EXPECT_EQ(SIGBUS, probe(bytes, true));
	EXPECT_EQ(0, write_file(DRIVER "bind", "tree-contiguous"));
	EXPECT_TRUE(is_there("tree-contiguous"));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_FALSE(is_there(wrong[i].device));
		/* The write tells the error of the probe. */
		EXPECT_EQ(wrong[i].err, write_file(DRIVER "bind", wrong[i].device))
			TH_LOG("%s", wrong[i].device);
	}
	ASSERT_EQ(0, munmap(bytes, SIZE));
	close(memory);
	close(fd);
}

TEST(the_other_buffers_are_there_if_one_cannot_be_made)
{
	if (access(MODULE, F_OK))
		SKIP(return, "no " MODULE);
	ASSERT_EQ(0, load("buffers=good:1M,large:1024G,good:2M"));
	EXPECT_EQ(1, nr_nodes());
	EXPECT_EQ(SIZE, size_of("good"));
	EXPECT_TRUE(log_has("'large:1024G' was not made: -"));
	EXPECT_TRUE(log_has("'good:2M' was not made: -"));
	EXPECT_TRUE(unload());
	EXPECT_EQ(0, load(""));
	EXPECT_EQ(0, nr_nodes());
	EXPECT_TRUE(unload());
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
