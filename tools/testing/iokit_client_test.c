// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a driver offers by types, and memory that a program passes to a driver: by the
 * ioctl, by libiokmem, and in IOKit's spelling. The driver is the sample samples/iokmem_chardev.c.
 */
#include "library_utils.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include <iokit/IOKitLib.h>

#include "../../samples/iokmem_chardev.h"

#define NODE	"/dev/iokmem-chardev"
#define DRIVER	"/sys/bus/platform/drivers/iokmem-chardev/"
#define SIZE	((size_t)IOKMEM_CHARDEV_SIZE)

#define BUFFER	IOKMEM_CHARDEV_BUFFER
#define VIEW	IOKMEM_CHARDEV_VIEW
#define HERE	mach_task_self()

TEST(options_of_maps_are_those_of_the_kernel)
{
	EXPECT_EQ(IOKMEM_MAP_ANYWHERE, kIOMapAnywhere);
	EXPECT_EQ(IOKMEM_MAP_READ_ONLY, kIOMapReadOnly);
	EXPECT_EQ(IOKMEM_MAP_DEFAULT_CACHE, kIOMapDefaultCache);
	EXPECT_EQ(IOKMEM_MAP_INHIBIT_CACHE, kIOMapInhibitCache);
	EXPECT_EQ(IOKMEM_MAP_WRITE_THRU_CACHE, kIOMapWriteThruCache);
	EXPECT_EQ(IOKMEM_MAP_COPYBACK_CACHE, kIOMapCopybackCache);
	EXPECT_EQ(IOKMEM_MAP_WRITE_COMBINE_CACHE, kIOMapWriteCombineCache);
	EXPECT_EQ(IOKMEM_MAP_COPYBACK_INNER_CACHE, kIOMapCopybackInnerCache);
	EXPECT_EQ(IOKMEM_MAP_POSTED_WRITE, kIOMapPostedWrite);
	EXPECT_EQ(IOKMEM_MAP_REAL_TIME_CACHE, kIOMapRealTimeCache);
	EXPECT_EQ(IOKMEM_MAP_POSTED_REORDERED, kIOMapPostedReordered);
	EXPECT_EQ(IOKMEM_MAP_POSTED_COMBINED_REORDERED, kIOMapPostedCombinedReordered);
}

FIXTURE(client)
{
	io_connect_t connect;
	int fds;
};

FIXTURE_SETUP(client)
{
	self->fds = nr_fds();
	self->connect = open(NODE, O_RDWR | O_CLOEXEC);
	if (self->connect < 0)
		SKIP(return, "no sample driver");
}

FIXTURE_TEARDOWN(client)
{
	if (self->connect >= 0)
		close(self->connect);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
}

/* Return a file descriptor of the driver's memory, or -errno. */
static int memory_of(io_connect_t connect, __u32 type)
{
	struct iokmem_client_memory arg = { .size = sizeof(arg), .type = type };
	int err = iok(connect, IOKMEM_CLIENT_MEMORY, &arg);

	return err ? err : arg.fd;
}

/* Map all of a type anywhere. Return where, or NULL. */
static char *map_type(io_connect_t connect, uint32_t type)
{
	mach_vm_address_t address;
	mach_vm_size_t size;

	if (IOConnectMapMemory64(connect, type, HERE, &address, &size, kIOMapAnywhere) ||
	    size != SIZE)
		return NULL;
	return (char *)(uintptr_t)address;
}

static kern_return_t unmap_type(io_connect_t connect, uint32_t type, const char *at)
{
	return IOConnectUnmapMemory64(connect, type, HERE, (uintptr_t)at);
}

static int unplug(void)
{
	return write_file(DRIVER "unbind", "iokmem-chardev");
}

static int plug_in(void)
{
	return write_file(DRIVER "bind", "iokmem-chardev");
}

TEST_F(client, gets_one_map_for_one_type_and_unmaps_as_often)
{
	char *first = map_type(self->connect, BUFFER), *second;
	int other = open(NODE, O_RDWR | O_CLOEXEC);

	ASSERT_NE(NULL, first);
	second = map_type(other, BUFFER);
	EXPECT_EQ(first, second);
	number_pages(first, SIZE);
	/* A map needs no connection. */
	close(other);
	EXPECT_OK(unmap_type(self->connect, BUFFER, first));
	EXPECT_TRUE(pages_are_numbered(first, SIZE, 0));
	EXPECT_OK(unmap_type(self->connect, BUFFER, first));
	EXPECT_EQ(SIGSEGV, probe(first, false));
	EXPECT_FAILS(ERROR, ENOENT, unmap_type(self->connect, BUFFER, first));
}

TEST_F(client, sees_what_mmap_of_the_device_shows)
{
	char *bytes = map_type(self->connect, BUFFER), *same;

	ASSERT_NE(NULL, bytes);
	same = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->connect, 0);
	ASSERT_NE(MAP_FAILED, same);
	memset(bytes, 'm', SIZE);
	EXPECT_TRUE(is_filled(same, SIZE, 'm'));
	EXPECT_EQ(0, munmap(same, SIZE));
	EXPECT_OK(unmap_type(self->connect, BUFFER, bytes));
}

TEST_F(client, cannot_write_what_the_driver_gives_to_read)
{
	char *bytes = map_type(self->connect, BUFFER), *view = map_type(self->connect, VIEW);
	struct iokmem_desc *desc;
	struct iokmem_map *map;
	int fd, copy;

	ASSERT_NE(NULL, bytes);
	ASSERT_NE(NULL, view);
	EXPECT_NE(bytes, view);
	memset(bytes, 'r', SIZE);
	EXPECT_TRUE(is_filled(view, SIZE, 'r'));
	EXPECT_EQ(SIGSEGV, probe(view, true));
	EXPECT_ERRNO(EACCES, mprotect(view, SIZE, PROT_READ | PROT_WRITE));

	/* A request for a map that can be written is refused. */
	fd = memory_of(self->connect, VIEW);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-EACCES, set_length(fd, PAGE));
	copy = duplicate(fd, 0);
	ASSERT_LE(0, copy);
	EXPECT_EQ(-EACCES, try_map(copy, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	close(copy);
	close(fd);
	ASSERT_OK(iokmem_desc_create_with_client_memory(self->connect, VIEW, &desc));
	EXPECT_FAILS(ERROR, EACCES, iokmem_desc_create_mapping(desc, 0, 0, 0, 0, 0, &map));
	iokmem_desc_put(desc);

	EXPECT_OK(unmap_type(self->connect, VIEW, view));
	EXPECT_OK(unmap_type(self->connect, BUFFER, bytes));
}

TEST_F(client, has_the_rights_that_it_opened_the_device_with)
{
	int reader = open(NODE, O_RDONLY | O_CLOEXEC), writer = open(NODE, O_WRONLY | O_CLOEXEC);
	struct iokmem_desc *desc = (void *)1;
	mach_vm_address_t address = 1;
	mach_vm_size_t size = 1;
	char *bytes;

	bytes = map_type(reader, BUFFER);
	ASSERT_NE(NULL, bytes);
	EXPECT_TRUE(can_read(bytes));
	EXPECT_FALSE(can_write(bytes));
	EXPECT_OK(unmap_type(reader, BUFFER, bytes));
	EXPECT_FAILS(NOT_PERMITTED, EACCES,
		     IOConnectMapMemory64(writer, BUFFER, HERE, &address, &size, kIOMapAnywhere));
	EXPECT_EQ(0, address);
	EXPECT_EQ(0, size);
	EXPECT_FAILS(NOT_PERMITTED, EACCES,
		     iokmem_desc_create_with_client_memory(writer, BUFFER, &desc));
	EXPECT_EQ(NULL, desc);
	/* Nobody but the driver revokes its memory. */
	ASSERT_OK(iokmem_desc_create_with_client_memory(self->connect, BUFFER, &desc));
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_desc_revoke(desc));
	iokmem_desc_put(desc);
	close(reader);
	close(writer);
}

TEST_F(client, may_ask_for_less_than_the_driver_gives)
{
	char *bytes = map_type(self->connect, BUFFER);
	mach_vm_address_t address;
	mach_vm_size_t size;

	ASSERT_OK(IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size,
				       kIOMapAnywhere | kIOMapReadOnly));
	EXPECT_NE((uintptr_t)bytes, address);
	EXPECT_TRUE(can_read((char *)(uintptr_t)address));
	EXPECT_FALSE(can_write((char *)(uintptr_t)address));
	EXPECT_OK(IOConnectUnmapMemory64(self->connect, BUFFER, HERE, address));
	EXPECT_TRUE(can_write(bytes));
	EXPECT_OK(unmap_type(self->connect, BUFFER, bytes));
}

TEST_F(client, is_told_which_argument_is_wrong)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	mach_vm_address_t address;
	mach_vm_size_t size;

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     IOConnectMapMemory64(self->connect, 2, HERE, &address, &size, kIOMapAnywhere));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     IOConnectMapMemory(self->connect, UINT32_MAX, HERE, &address, &size,
					kIOMapAnywhere));
	EXPECT_FAILS(UNSUPPORTED, ENOTTY,
		     IOConnectMapMemory64(null, BUFFER, HERE, &address, &size, kIOMapAnywhere));
	EXPECT_FAILS(BAD_ARGUMENT, EBADF,
		     IOConnectMapMemory64(-1, BUFFER, HERE, &address, &size, kIOMapAnywhere));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     IOConnectMapMemory64(self->connect, BUFFER, HERE, NULL, &size, 0));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, NULL, 0));
	EXPECT_FAILS(UNSUPPORTED, EOPNOTSUPP,
		     IOConnectMapMemory64(self->connect, BUFFER, TASK_NULL, &address, &size,
					  kIOMapAnywhere));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size,
					  kIOMapAnywhere | IOKMEM_MAP_UNIQUE));
	EXPECT_FAILS(UNSUPPORTED, EOPNOTSUPP,
		     IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size,
					  kIOMapAnywhere | 0xa00));
	EXPECT_FAILS(UNSUPPORTED, EOPNOTSUPP,
		     IOConnectUnmapMemory64(self->connect, BUFFER, TASK_NULL, 0));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, unmap_type(self->connect, 2, NULL));
	EXPECT_FAILS(ERROR, ENOENT, unmap_type(self->connect, BUFFER, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_with_client_memory(self->connect, BUFFER, NULL));
	close(null);
}

TEST_F(client, chooses_the_address_and_not_the_cache_mode_of_others)
{
	char *hole = find_hole(SIZE, 2 * MIB), *bytes;
	mach_vm_address_t address = (uintptr_t)hole;
	mach_vm_size_t size;

	ASSERT_OK(IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size,
				       kIOMapDefaultCache));
	EXPECT_EQ((uintptr_t)hole, address);
	EXPECT_EQ(SIZE, size);
	EXPECT_TRUE(can_write(hole + SIZE - 1));
	/* The address of a map anywhere is only an answer. */
	bytes = map_type(self->connect, VIEW);
	ASSERT_NE(NULL, bytes);
	address = (uintptr_t)bytes;
	EXPECT_FAILS(ERROR, EEXIST,
		     IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size, 0));
	EXPECT_OK(unmap_type(self->connect, VIEW, bytes));
	EXPECT_EQ(hole, map_type(self->connect, BUFFER));
	EXPECT_OK(IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size,
				       kIOMapAnywhere | kIOMapCopybackCache));
	EXPECT_OK(IOConnectUnmapMemory64(self->connect, BUFFER, HERE, address));
	if (has_cache_mode(IOKMEM_MAP_WRITE_COMBINE_CACHE))
		EXPECT_FAILS(ERROR, EBUSY,
			     IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size,
						  kIOMapAnywhere | kIOMapWriteCombineCache));
	EXPECT_OK(unmap_type(self->connect, BUFFER, hole));
	EXPECT_OK(IOConnectUnmapMemory(self->connect, BUFFER, HERE, (uintptr_t)hole));
}

TEST_F(client, maps_a_part_by_a_descriptor)
{
	char *bytes = map_type(self->connect, BUFFER);
	struct iokmem_desc *desc;
	struct iokmem_map *part, *none;

	ASSERT_NE(NULL, bytes);
	ASSERT_OK(iokmem_desc_create_with_client_memory(self->connect, BUFFER, &desc));
	EXPECT_TRUE(is_close_on_exec(desc));
	ASSERT_OK(iokmem_desc_create_mapping(desc, IOKMEM_MEMORY_MAP_GUARDED_NONE, 0, PAGE, 100, 0,
					     &part));
	EXPECT_EQ((uintptr_t)bytes + PAGE, iokmem_map_get_address(part));
	EXPECT_FAILS(ERROR, ERANGE, iokmem_desc_create_mapping(desc, 0, 0, SIZE - 1, 2, 0, &none));
	EXPECT_FAILS(ERROR, EOVERFLOW, iokmem_desc_create_mapping(desc, 0, 0, UINT64_MAX, 2, 0,
								  &none));
	/* The part keeps the map of all. */
	EXPECT_OK(unmap_type(self->connect, BUFFER, bytes));
	EXPECT_TRUE(can_write(bytes + PAGE + 99));
	iokmem_map_put(part);
	iokmem_desc_put(desc);
	EXPECT_EQ(SIGSEGV, probe(bytes, false));
}

static int map_in_child(void *arg)
{
	io_connect_t connect = *(io_connect_t *)arg;
	char *bytes;

	CHILD_EXPECT(!nr_iokmem_vmas());
	bytes = map_type(connect, BUFFER);
	CHILD_EXPECT(bytes && bytes[0] == 'p');
	bytes[0] = 'c';
	CHILD_EXPECT(!unmap_type(connect, BUFFER, bytes));
	CHILD_EXPECT(unmap_type(connect, BUFFER, bytes) == kIOReturnError);
	return 0;
}

TEST_F(client, has_a_child_that_maps_for_itself)
{
	char *bytes = map_type(self->connect, BUFFER);

	ASSERT_NE(NULL, bytes);
	bytes[0] = 'p';
	EXPECT_EQ(0, run_child(map_in_child, &self->connect));
	EXPECT_EQ('c', bytes[0]);
	EXPECT_OK(unmap_type(self->connect, BUFFER, bytes));
}

/* The revoke. */

static void *wait_for_hangup(void *arg)
{
	struct pollfd poll_fd = { .fd = *(int *)arg };
	int ready = poll(&poll_fd, 1, 60 * 1000);

	return (void *)(uintptr_t)(ready == 1 ? poll_fd.revents : 0);
}

TEST_F(client, is_told_when_the_device_is_unplugged)
{
	struct epoll_event event = { .events = EPOLLIN }, got;
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd, again;
	char *bytes = map_type(self->connect, BUFFER);
	struct pollfd poll_fd = { .events = POLLIN | POLLOUT };
	pthread_t thread;
	void *events;

	ASSERT_NE(NULL, bytes);
	fd = memory_of(self->connect, VIEW);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	poll_fd.fd = fd;
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	EXPECT_EQ(0, epoll_wait(epoll, &got, 1, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_hangup, &fd));
	ASSERT_EQ(0, unplug());
	/* A program that is told finds no map that works any more. */
	ASSERT_EQ(1, poll(&poll_fd, 1, 60 * 1000));
	EXPECT_EQ(POLLHUP, poll_fd.revents);
	EXPECT_EQ(SIGBUS, probe(bytes, false));
	EXPECT_EQ(1, epoll_wait(epoll, &got, 1, 60 * 1000));
	EXPECT_EQ(EPOLLHUP, got.events);
	ASSERT_EQ(0, pthread_join(thread, &events));
	EXPECT_EQ(POLLHUP, (uintptr_t)events);

	EXPECT_EQ(-ENODEV, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY, 0, 0, 0));
	close(fd);
	close(epoll);
	ASSERT_EQ(0, plug_in());
	again = open(NODE, O_RDWR | O_CLOEXEC);
	fd = memory_of(again, BUFFER);
	poll_fd.fd = fd;
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	close(fd);
	close(again);
	ASSERT_EQ(0, munmap(bytes, SIZE));
}

TEST_F(client, gets_no_memory_of_an_unplugged_device)
{
	mach_vm_address_t address;
	mach_vm_size_t size;
	char *bytes = map_type(self->connect, BUFFER);

	ASSERT_NE(NULL, bytes);
	ASSERT_EQ(0, unplug());
	EXPECT_FAILS(NO_DEVICE, ENODEV,
		     IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size,
					  kIOMapAnywhere));
	EXPECT_FAILS(ERROR, ENOENT, unmap_type(self->connect, BUFFER, bytes));
	EXPECT_EQ(SIGBUS, probe(bytes, false));
	EXPECT_EQ(0, munmap(bytes, SIZE));
	ASSERT_EQ(0, plug_in());
}

struct users {
	atomic_bool stop;
	atomic_int maps;
	atomic_int wrong;
};

/* Map and unmap, whatever becomes of the device. */
static void *use(void *arg)
{
	struct users *users = arg;
	mach_vm_address_t address;
	mach_vm_size_t size;
	int connect, err;

	while (!atomic_load(&users->stop)) {
		connect = open(NODE, O_RDWR | O_CLOEXEC);
		if (connect < 0)
			continue;
		err = IOConnectMapMemory64(connect, BUFFER, HERE, &address, &size, kIOMapAnywhere);
		if (err && errno != ENODEV)
			atomic_fetch_add(&users->wrong, 1);
		if (!err) {
			atomic_fetch_add(&users->maps, 1);
			/* A revoke leaves the addresses to the program. */
			err = IOConnectUnmapMemory64(connect, BUFFER, HERE, address);
			if (err && errno != ENOENT)
				atomic_fetch_add(&users->wrong, 1);
		}
		close(connect);
	}
	return NULL;
}

TEST_F(client, may_map_while_the_device_is_unplugged)
{
	struct users users = { 0 };
	pthread_t threads[2];
	char line[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, use, &users));
	for (i = 0; i < 20; i++) {
		usleep(20 * 1000);
		EXPECT_EQ(0, unplug());
		EXPECT_EQ(0, plug_in());
	}
	atomic_store(&users.stop, true);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, atomic_load(&users.wrong));
	EXPECT_LT(0, atomic_load(&users.maps));
	while (find_line("/proc/self/maps", "iokmem:", line, sizeof(line))) {
		unsigned long start = 0, end = 0;

		if (sscanf(line, "%lx-%lx", &start, &end) != 2)
			break;
		ASSERT_EQ(0, munmap((void *)start, end - start));
	}
}

/* Hostile arguments. */

TEST_F(client, is_refused_by_the_ioctl_itself)
{
	struct iokmem_client_memory arg = { .size = sizeof(arg) };
	struct state before = look(-1);
	struct {
		struct iokmem_client_memory arg;
		__u32 more;
	} longer = { .arg.size = sizeof(longer) };
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	EXPECT_EQ(-EFAULT, iok(self->connect, IOKMEM_CLIENT_MEMORY, NULL));
	/* The end cannot be read. */
	ASSERT_EQ(0, munmap(page + PAGE, PAGE));
	memcpy(page + PAGE - sizeof(arg) / 2, &arg, sizeof(arg) / 2);
	EXPECT_EQ(-EFAULT, iok(self->connect, IOKMEM_CLIENT_MEMORY, page + PAGE - sizeof(arg) / 2));
	EXPECT_EQ(-ENOTTY, iok(self->connect, IOKMEM_CLIENT_MEMORY + 1, &arg));
	EXPECT_EQ(-ENOTTY, iok(self->connect, IOKMEM_CREATE_BUFFER, &arg));
	arg.size = 0;
	EXPECT_EQ(-EINVAL, iok(self->connect, IOKMEM_CLIENT_MEMORY, &arg));
	arg.size = sizeof(arg) - 1;
	EXPECT_EQ(-EINVAL, iok(self->connect, IOKMEM_CLIENT_MEMORY, &arg));
	arg.size = PAGE + 1;
	EXPECT_EQ(-E2BIG, iok(self->connect, IOKMEM_CLIENT_MEMORY, &arg));
	arg.size = sizeof(arg);
	arg.__reserved = 1;
	EXPECT_EQ(-EOPNOTSUPP, iok(self->connect, IOKMEM_CLIENT_MEMORY, &arg));
	longer.more = 1;
	EXPECT_EQ(-E2BIG, iok(self->connect, IOKMEM_CLIENT_MEMORY, &longer));

	/* The answer has nowhere to go. */
	arg.__reserved = 0;
	memcpy(page, &arg, sizeof(arg));
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, iok(self->connect, IOKMEM_CLIENT_MEMORY, page));
	munmap(page, PAGE);
	EXPECT_UNCHANGED(before, -1);

	longer.more = 0;
	ASSERT_EQ(0, iok(self->connect, IOKMEM_CLIENT_MEMORY, &longer));
	EXPECT_EQ(0, close(longer.arg.fd));
}

TEST_F(client, without_room_for_a_file_descriptor_loses_nothing)
{
	mach_vm_address_t address;
	struct iokmem_desc *desc;
	struct rlimit limit;
	mach_vm_size_t size;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit_fds(0);
	EXPECT_FAILS(NO_RESOURCES, EMFILE,
		     IOConnectMapMemory64(self->connect, BUFFER, HERE, &address, &size,
					  kIOMapAnywhere));
	EXPECT_FAILS(NO_RESOURCES, EMFILE,
		     iokmem_desc_create_with_client_memory(self->connect, BUFFER, &desc));
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Memory that the program passes. */

static int store(int connect, const void *address, size_t length)
{
	struct iokmem_address_range range = { .address = (uintptr_t)address, .length = length };

	return iok(connect, IOKMEM_CHARDEV_STORE, &range);
}

TEST_F(client, passes_memory_of_its_own_or_of_a_map)
{
	char *bytes = map_type(self->connect, BUFFER), *mapped, mine[300];
	int fd = new_buffer(PAGE);

	ASSERT_NE(NULL, bytes);
	memset(bytes, 0, SIZE);
	memset(mine, 'o', sizeof(mine));
	ASSERT_EQ(0, store(self->connect, mine, sizeof(mine)));
	EXPECT_TRUE(is_filled(bytes, sizeof(mine), 'o'));
	EXPECT_EQ(0, bytes[sizeof(mine)]);

	ASSERT_EQ(0, map(fd, IOKMEM_MAP_READ_ONLY, 0, 0, &mapped));
	ASSERT_EQ(0, store(self->connect, mapped + 100, 200));
	EXPECT_TRUE(is_zero(bytes, 200));
	EXPECT_EQ('o', bytes[200]);
	ASSERT_EQ(0, release(fd, mapped, PAGE));
	close(fd);
	EXPECT_OK(unmap_type(self->connect, BUFFER, bytes));
}

TEST_F(client, passes_nothing_that_it_does_not_have)
{
	char *pages = mmap(NULL, 2 * SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *bytes = map_type(self->connect, BUFFER), *hole = find_hole(2 * PAGE, PAGE);
	int reader = open(NODE, O_RDONLY | O_CLOEXEC);

	ASSERT_NE(MAP_FAILED, pages);
	memset(bytes, 's', SIZE);
	EXPECT_EQ(-EFAULT, iok(self->connect, IOKMEM_CHARDEV_STORE, NULL));
	EXPECT_EQ(-EFAULT, store(self->connect, hole, 1));
	EXPECT_EQ(-ERANGE, store(self->connect, pages, 0));
	EXPECT_EQ(-ERANGE, store(self->connect, pages, SIZE + 1));
	EXPECT_EQ(-EOVERFLOW, store(self->connect, pages, -PAGE));
	/* An address of the kernel's. */
	EXPECT_EQ(-EADDRNOTAVAIL, store(self->connect, (void *)-(1L << 47), PAGE));
	EXPECT_EQ(-EACCES, store(reader, pages, 1));
	EXPECT_TRUE(is_filled(bytes, SIZE, 's'));
	close(reader);
	munmap(pages, 2 * SIZE);
	EXPECT_OK(unmap_type(self->connect, BUFFER, bytes));
}

/* No memory, at each place in turn where the kernel needs some. */

#include "fail_nth.h"

/* Where BUFFER has been mapped before. */
static char *map_before;

static int run_map(int connect)
{
	return map_type(connect, BUFFER) ? 0 : -1;
}

static int run_unmap(int connect)
{
	return unmap_type(connect, BUFFER, map_before);
}

static int run_describe(int connect)
{
	struct iokmem_desc *desc;
	int32_t ret = iokmem_desc_create_with_client_memory(connect, VIEW, &desc);

	iokmem_desc_put(desc);
	return ret;
}

static int run_store(int connect)
{
	static char mine[3 * 4096];

	return store(connect, mine, sizeof(mine));
}

TEST_F_TIMEOUT(client, loses_nothing_wherever_the_kernel_fails, 300)
{
	int (*const runs[])(int connect) = { run_map, run_unmap, run_describe, run_store };
	int control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC), nth, err, failures;
	struct state before;
	bool reached;
	size_t i;

	if (control < 0)
		SKIP(return, "no fault injection");
	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		failures = 0;
		reached = true;
		for (nth = 1; reached; nth++) {
			ASSERT_GT(2000, nth);
			map_before = map_type(self->connect, BUFFER);
			before = look(-1);
			arm(control, nth);
			err = runs[i](self->connect);
			reached = disarm(control);
			failures += !!err;
			EXPECT_EQ(before.fds, nr_fds());
			/* As many references are left as these calls have given. */
			if (runs[i] == run_map && !err)
				EXPECT_OK(unmap_type(self->connect, BUFFER, map_before));
			if (runs[i] != run_unmap || err)
				EXPECT_OK(unmap_type(self->connect, BUFFER, map_before));
			EXPECT_EQ(0, nr_iokmem_vmas());
		}
		EXPECT_EQ(0, err);
		EXPECT_LT(1, failures);
	}
	close(control);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
