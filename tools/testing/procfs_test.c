// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in which people and tools look for buffers and maps: those in /proc/PID, and the
 * administrator's list.
 */
#include "iokmem_utils.h"

#include <sched.h>
#include <sys/prctl.h>

#define BUFFER_SIZE	(16 * PAGE)

FIXTURE(procfs)
{
	int fd;
	long long id;
	char *address;	/* all of it, with one reference */
};

FIXTURE_SETUP(procfs)
{
	if (access(LIST, R_OK))
		SKIP(return, "no " LIST);
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	self->id = buffer_id(self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->address));
	number_pages(self->address, BUFFER_SIZE);
}

FIXTURE_TEARDOWN(procfs)
{
}

TEST_F(procfs, maps_file_names_the_buffer)
{
	char name[64], line[256];

	snprintf(name, sizeof(name), "%lx-%lx", (long)self->address,
		 (long)self->address + BUFFER_SIZE);
	ASSERT_TRUE(find_line("/proc/self/maps", name, line, sizeof(line)));
	snprintf(name, sizeof(name), "iokmem:%lld", self->id);
	EXPECT_NE(NULL, strstr(line, name));
	EXPECT_NE(NULL, strstr(line, " rw-s 00000000 "));
}

TEST_F(procfs, fd_link_names_the_buffer)
{
	char path[64], link[64] = "", name[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	ASSERT_LT(0, readlink(path, link, sizeof(link) - 1));
	snprintf(name, sizeof(name), "iokmem:%lld", self->id);
	EXPECT_NE(NULL, strstr(link, name));
}

TEST_F(procfs, seek_to_the_end_tells_the_length)
{
	EXPECT_EQ(BUFFER_SIZE, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	ASSERT_EQ(0, set_length(self->fd, PAGE + 1));
	EXPECT_EQ(PAGE + 1, lseek(self->fd, 0, SEEK_END));
	EXPECT_ERRNO(EINVAL, lseek(self->fd, 1, SEEK_END));
	EXPECT_ERRNO(EINVAL, lseek(self->fd, PAGE, SEEK_SET));
	EXPECT_ERRNO(EINVAL, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(procfs, fdinfo_describes_the_buffer)
{
	const struct {
		const char *key;
		long long value;
	} fields[] = {
		{ "iokmem-id:", self->id },
		{ "iokmem-capacity:", BUFFER_SIZE },
		{ "iokmem-length:", 2 * PAGE },
		{ "iokmem-resident:", BUFFER_SIZE },
		{ "iokmem-charged:", BUFFER_SIZE },
		{ "iokmem-held:", 0 },
		{ "iokmem-prepared:", 0 },
		{ "iokmem-dma-bufs:", 0 },
		{ "iokmem-revoked:", 0 },
		{ "iokmem-maps:", 1 },
	};
	struct iokmem_query_buffer buffer;
	char path[64], line[128];
	unsigned int i;

	ASSERT_EQ(0, set_length(self->fd, 2 * PAGE));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		ASSERT_TRUE(find_line(path, fields[i].key, line, sizeof(line)));
		EXPECT_EQ(fields[i].value, atoll(strchr(line, ':') + 1));
	}
	ASSERT_EQ(0, query(self->fd, &buffer));
	ASSERT_TRUE(find_line(path, "iokmem-extents:", line, sizeof(line)));
	EXPECT_EQ(buffer.extents, atoi(strchr(line, ':') + 1));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-kind:\twired"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-cache:\tcopyback"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-direction:\tinout"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-rights:\trw revoke"));
	EXPECT_EQ(0, count_lines(path, "iokmem-maker"));
}

TEST_F(procfs, fdinfo_tells_rights_windows_and_dma_bufs)
{
	int dev, sub, read_only, multi, dma_buf, pageable;
	char path[64], line[64];

	dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, dev);
	sub = create_sub(self->fd, IOKMEM_DIRECTION_OUT, PAGE, 2 * PAGE);
	ASSERT_LE(0, sub);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", sub);
	snprintf(line, sizeof(line), "iokmem-parent:\t%lld", self->id);
	EXPECT_EQ(1, count_equal_lines(path, line));
	snprintf(line, sizeof(line), "iokmem-offset:\t%lu", PAGE);
	EXPECT_EQ(1, count_equal_lines(path, line));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-resident:\t0"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-direction:\tout"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-rights:\trw"));

	read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, read_only);
	dma_buf = get_dma_buf(read_only, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, dma_buf);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", read_only);
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-rights:\tro"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-dma-bufs:\t1"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-held:\t1"));
	close(dma_buf);
	EXPECT_TRUE(EVENTUALLY(count_equal_lines(path, "iokmem-dma-bufs:\t0") == 1));

	multi = create_multi(dev, 0, (const __s32 []){ sub, self->fd }, 2);
	ASSERT_LE(0, multi);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", multi);
	snprintf(line, sizeof(line), "iokmem-member:\t%lld %lu %lu", self->id, PAGE, 2 * PAGE);
	EXPECT_EQ(1, count_equal_lines(path, line));
	snprintf(line, sizeof(line), "iokmem-member:\t%lld 0 %lu", self->id, BUFFER_SIZE);
	EXPECT_EQ(1, count_equal_lines(path, line));

	/* What holds a part of pageable memory is not told: the memory is. */
	pageable = create(dev, IOKMEM_PAGEABLE, BUFFER_SIZE, 0);
	ASSERT_LE(0, pageable);
	sub = create_sub(pageable, 0, PAGE, 2 * PAGE);
	multi = create_multi(dev, 0, &sub, 1);
	ASSERT_LE(0, multi);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", multi);
	snprintf(line, sizeof(line), "iokmem-member:\t%lld %lu %lu", buffer_id(pageable), PAGE,
		 2 * PAGE);
	EXPECT_EQ(1, count_equal_lines(path, line));
}

/* A record of the list, without the keys' common beginning. */
static bool find_record(const char *first, const char *with, char *record, int size)
{
	FILE *list = fopen(LIST, "re");
	bool wanted = false;
	char line[256];

	record[0] = 0;
	while (list && fgets(line, sizeof(line), list)) {
		if (strcmp(line, "\n")) {
			strncat(record, line + strlen("iokmem-"), size - strlen(record) - 1);
			continue;
		}
		wanted = !strncmp(record, first, strlen(first)) && strstr(record, with);
		if (wanted)
			break;
		record[0] = 0;
	}
	if (list)
		fclose(list);
	return wanted;
}

TEST_F(procfs, list_describes_every_descriptor)
{
	char first[64], rest[256], record[2048];

	snprintf(first, sizeof(first), "id:\t%lld\n", self->id);
	ASSERT_TRUE(find_record(first, "", record, sizeof(record)));
	snprintf(rest, sizeof(rest), "\ncapacity:\t%lu\nlength:\t%lu\n", BUFFER_SIZE, BUFFER_SIZE);
	EXPECT_NE(NULL, strstr(record, rest));
	EXPECT_NE(NULL, strstr(record, "\ndirection:\tinout\n"));
	EXPECT_NE(NULL, strstr(record, "\nusers:\t2\n"));
	snprintf(rest, sizeof(rest),
		 "\nmaker:\tprocess\nmaker-pid:\t%d\nmaker-uid:\t0\nmaker-comm:\tprocfs_test\n"
		 "charged-uid:\t0\n", getpid());
	EXPECT_NE(NULL, strstr(record, rest));
}

/*
 * As another user, and under a name that looks like another line, make a buffer. Returns its
 * number in the table of file descriptors, which the parent shares.
 */
static int make_as_a_forger(int dev)
{
	if (prctl(PR_SET_NAME, "x\niokmem-id:\t9") || setresuid(1234, 1234, 1234))
		return -1;
	return create(dev, 0, PAGE, 0);
}

TEST_F(procfs, list_tells_who_made_a_descriptor_even_of_a_forger)
{
	char first[64], record[2048];
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	int fd, before = nr_descriptors();
	pid_t child;

	child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!child)
		_exit(make_as_a_forger(dev));
	fd = join(child);
	EXPECT_EQ(before + 1, nr_descriptors());
	snprintf(first, sizeof(first), "id:\t%lld\n", buffer_id(fd));
	ASSERT_TRUE(find_record(first, "maker:\texited\n", record, sizeof(record)));
	EXPECT_NE(NULL, strstr(record, "\nmaker-uid:\t1234\nmaker-comm:\tx\\012iokmem-id:\t9\n"));
	close(fd);
}

TEST_F(procfs, list_describes_every_map)
{
	char *inside, *read_only, first[64], rest[512], record[2048], *mapping;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &inside));
	ASSERT_EQ(0, map(self->fd, 0, PAGE + 7, 100, &inside));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE, PAGE,
			 PAGE, &read_only));

	snprintf(first, sizeof(first), "map:\t%lld\n", self->id);
	snprintf(rest, sizeof(rest),
		 "\nmap-part:\t0\nmap-space:\tprocess\nmap-pid:\t%d\nmap-comm:\tprocfs_test\n"
		 "map-address:\t%p\nmap-offset:\t0\nmap-length:\t%lu\nmap-rights:\trw\n"
		 "map-unique:\t0\nmap-references:\t2\n", getpid(), self->address, BUFFER_SIZE);
	ASSERT_TRUE(find_record(first, rest, record, sizeof(record)));
	mapping = strstr(record, "map-mapping:");
	ASSERT_NE(NULL, mapping);
	snprintf(rest, sizeof(rest),
		 "%.*smap-part:\t1\nmap-space:\tprocess\nmap-pid:\t%d\nmap-comm:\tprocfs_test\n"
		 "map-address:\t%p\nmap-offset:\t%lu\nmap-length:\t100\nmap-rights:\trw\n"
		 "map-unique:\t0\nmap-references:\t1\n",
		 (int)(strchr(mapping, '\n') + 1 - mapping), mapping, getpid(), inside, PAGE + 7);
	EXPECT_TRUE(find_record(first, rest, record, sizeof(record)));
	snprintf(rest, sizeof(rest),
		 "\nmap-address:\t%p\nmap-offset:\t%lu\nmap-length:\t%lu\nmap-rights:\tro\n"
		 "map-unique:\t1\nmap-references:\t1\n", read_only, PAGE, PAGE);
	EXPECT_TRUE(find_record(first, rest, record, sizeof(record)));
	EXPECT_EQ(3, maps_of_process(getpid()));
}

/* Even if the mode of the files were changed, another user could not open them. */
static int open_as_another_user(void *arg)
{
	CHILD_EXPECT(!setresuid(1234, 1234, 1234));
	CHILD_EXPECT(open(LIST, O_RDONLY) < 0 && errno == (arg ? EPERM : EACCES));
	CHILD_EXPECT(open(POOLS, O_RDONLY) < 0 && errno == (arg ? EPERM : EACCES));
	return 0;
}

TEST_F(procfs, list_is_for_the_administrator)
{
	struct stat st;

	ASSERT_EQ(0, stat(LIST, &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
	ASSERT_EQ(0, stat(POOLS, &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
	EXPECT_EQ(0, run_child(open_as_another_user, NULL));
	ASSERT_EQ(0, chmod(LIST, 0444));
	ASSERT_EQ(0, chmod(POOLS, 0444));
	EXPECT_EQ(0, run_child(open_as_another_user, self));
	EXPECT_EQ(0, chmod(LIST, 0400));
	EXPECT_EQ(0, chmod(POOLS, 0400));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
