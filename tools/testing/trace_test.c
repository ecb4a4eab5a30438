// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events of the module: iokmem(8) says what they tell.
 */
#include "dmabuf_devices.h"
#include "driver_utils.h"
#include "edu_device.h"

#include <limits.h>
#include <time.h>

/* A tracer of our own, so that other tracing neither disturbs nor is disturbed. */
#define TRACER	"/sys/kernel/tracing/instances/trace_test"
#define TRACE	TRACER "/trace"

#define LENGTH	(4 * PAGE)

FIXTURE(trace)
{
	int fd;
	long long id;
};

FIXTURE_SETUP(trace)
{
	/* An earlier test may have been killed. */
	rmdir(TRACER);
	ASSERT_EQ(0, mkdir(TRACER, 0700));
	ASSERT_EQ(0, write_file(TRACER "/events/iokmem/enable", "1"));
	self->fd = new_buffer(LENGTH);
	ASSERT_LE(0, self->fd);
	self->id = buffer_id(self->fd);
}

FIXTURE_TEARDOWN(trace)
{
	close(self->fd);
	rmdir(TRACER);
}

/* Copy the latest line of an event of this descriptor. Returns false if there is none. */
static bool find_event(const char *event, long long id, char *line, int size)
{
	char name[64], descriptor[64], next[512];
	FILE *trace = fopen(TRACE, "re");
	bool found = false;

	if (!trace)
		return false;
	snprintf(name, sizeof(name), ": %s: ", event);
	snprintf(descriptor, sizeof(descriptor), " id=%lld ", id);
	while (fgets(next, sizeof(next), trace)) {
		if (!strstr(next, name) || !strstr(next, descriptor))
			continue;
		snprintf(line, size, "%s", next);
		found = true;
	}
	fclose(trace);
	return found;
}

/* Return a number of the latest event of this descriptor; or LLONG_MIN without such an event. */
static long long value(const char *event, long long id, const char *key)
{
	char line[512], name[32];
	const char *at;

	snprintf(name, sizeof(name), " %s=", key);
	if (!find_event(event, id, line, sizeof(line)))
		return LLONG_MIN;
	at = strstr(line, name);
	return at ? strtoll(at + strlen(name), NULL, 0) : LLONG_MIN;
}

/* Return the shortest time in ns that anything takes: 0 where the clock ticks in milliseconds. */
static long long shortest(void)
{
	struct timespec tick = {};

	clock_getres(CLOCK_MONOTONIC, &tick);
	return !tick.tv_sec && tick.tv_nsec == 1;
}

/* Return true if the latest event of this descriptor has this text. */
static bool says(const char *event, long long id, const char *text)
{
	char line[512];

	return find_event(event, id, line, sizeof(line)) && strstr(line, text);
}

TEST_F(trace, hold_tells_who_keeps_memory_and_for_how_long_that_took)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd, dma_buf;
	long long id;

	fd = create(dev, IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE, LENGTH, 0);
	ASSERT_LE(0, fd);
	id = buffer_id(fd);
	dma_buf = get_dma_buf(fd, 0);
	ASSERT_LE(0, dma_buf);
	EXPECT_EQ(LENGTH, value("iokmem_hold", id, "capacity"));
	EXPECT_EQ(1, value("iokmem_hold", id, "write"));
	EXPECT_EQ(1, value("iokmem_hold", id, "count"));
	EXPECT_EQ(0, value("iokmem_hold", id, "err"));
	EXPECT_LE(shortest(), value("iokmem_hold", id, "duration"));
	EXPECT_EQ(LLONG_MIN, value("iokmem_unhold", id, "count"));
	close(dma_buf);
	EXPECT_TRUE(EVENTUALLY(value("iokmem_unhold", id, "count") == 0));
	close(fd);
	close(dev);
}

TEST_F(trace, prepare_and_complete_tell_the_count)
{
	int driver = open_driver();

	ASSERT_LE(0, driver);
	ASSERT_EQ(0, driver_use(driver, self->fd, IOKMEM_PROBE_HOLD, 0, 0));
	EXPECT_EQ(LENGTH, value("iokmem_prepare", self->id, "capacity"));
	EXPECT_EQ(1, value("iokmem_prepare", self->id, "count"));
	EXPECT_EQ(0, value("iokmem_prepare", self->id, "err"));
	EXPECT_LE(shortest(), value("iokmem_prepare", self->id, "duration"));
	EXPECT_EQ(0, value("iokmem_complete", self->id, "count"));

	ASSERT_EQ(0, revoke_memory(self->fd));
	ASSERT_EQ(-ENODEV, driver_use(driver, self->fd, IOKMEM_PROBE_HOLD, 0, 0));
	EXPECT_EQ(-ENODEV, value("iokmem_prepare", self->id, "err"));
	close(driver);
}

TEST_F(trace, retype_tells_the_modes_and_why_it_was_refused)
{
	char *address;

	NEED_CACHE_MODE(IOKMEM_MAP_WRITE_COMBINE_CACHE);
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, LENGTH, &address));
	EXPECT_EQ(LENGTH, value("iokmem_retype", self->id, "capacity"));
	EXPECT_EQ(IOKMEM_MAP_COPYBACK_CACHE, value("iokmem_retype", self->id, "from"));
	EXPECT_EQ(IOKMEM_MAP_WRITE_COMBINE_CACHE, value("iokmem_retype", self->id, "to"));
	EXPECT_EQ(0, value("iokmem_retype", self->id, "err"));
	EXPECT_LE(shortest(), value("iokmem_retype", self->id, "duration"));

	EXPECT_EQ(-EBUSY, try_map(self->fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_INHIBIT_CACHE, 0, 0,
				  LENGTH));
	EXPECT_EQ(IOKMEM_MAP_WRITE_COMBINE_CACHE, value("iokmem_retype", self->id, "from"));
	EXPECT_EQ(IOKMEM_MAP_INHIBIT_CACHE, value("iokmem_retype", self->id, "to"));
	EXPECT_EQ(-EBUSY, value("iokmem_retype", self->id, "err"));
	EXPECT_EQ(0, release(self->fd, address, LENGTH));
}

TEST_F(trace, revoke_tells_how_long_it_took)
{
	ASSERT_EQ(0, revoke_memory(self->fd));
	EXPECT_EQ(LENGTH, value("iokmem_revoke", self->id, "capacity"));
	EXPECT_LE(shortest(), value("iokmem_revoke", self->id, "duration"));
}

TEST_F(trace, refusal_tells_the_call_and_the_reason)
{
	struct iokmem_create_buffer arg = { .size = sizeof(arg) };
	struct iokmem_client_memory type = { .size = sizeof(type), .type = 1 };
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, LENGTH + 1));
	EXPECT_TRUE(says("iokmem_refuse", self->id, "function=IOKMEM_CREATE_MAPPING "));
	EXPECT_EQ(-ERANGE, value("iokmem_refuse", self->id, "err"));
	/* One that is refused before the call begins. */
	ASSERT_EQ(-EFAULT, iok(self->fd, IOKMEM_QUERY_BUFFER, NULL));
	EXPECT_TRUE(says("iokmem_refuse", self->id, "function=IOKMEM_QUERY_BUFFER "));
	EXPECT_EQ(-EFAULT, value("iokmem_refuse", self->id, "err"));
	EXPECT_ERRNO(EINVAL, mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, self->fd, 0));
	EXPECT_TRUE(says("iokmem_refuse", self->id, "function=mmap "));
	EXPECT_EQ(-EINVAL, value("iokmem_refuse", self->id, "err"));
	/* One that no descriptor is there for. */
	ASSERT_EQ(-EINVAL, iok(dev, IOKMEM_CREATE_BUFFER, &arg));
	EXPECT_TRUE(says("iokmem_refuse", 0, "function=IOKMEM_CREATE_BUFFER "));
	EXPECT_EQ(-EINVAL, value("iokmem_refuse", 0, "err"));
	close(dev);
	/* One of a driver, which has no such type. */
	dev = open("/dev/" IOKMEM_PROBE_QUEUE, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(-EINVAL, iok(dev, IOKMEM_CLIENT_MEMORY, &type));
	EXPECT_TRUE(says("iokmem_refuse", 0, "function=IOKMEM_CLIENT_MEMORY "));
	EXPECT_EQ(-EINVAL, value("iokmem_refuse", 0, "err"));
	close(dev);
}

TEST_F(trace, refusal_is_told_also_of_a_drivers_own_file)
{
	int driver = open_driver();

	if (driver < 0)
		SKIP(return, "no probe module");
	ASSERT_EQ(0, driver_show(driver, self->fd, IOKMEM_PROBE_MMAP));
	EXPECT_ERRNO(ERANGE, mmap(NULL, LENGTH + 1, PROT_READ, MAP_SHARED, driver, 0));
	EXPECT_TRUE(says("iokmem_refuse", self->id, "function=mmap "));
	EXPECT_EQ(-ERANGE, value("iokmem_refuse", self->id, "err"));
	close(driver);
}

TEST_F(trace, dma_buf_tells_exports_and_imports)
{
	int dma_buf = get_dma_buf(self->fd, 0), dev, udmabuf, fd;
	long long id;

	ASSERT_LE(0, dma_buf);
	EXPECT_EQ(LENGTH, value("iokmem_dma_buf_export", self->id, "length"));
	EXPECT_EQ(0, value("iokmem_dma_buf_export", self->id, "err"));
	EXPECT_LE(shortest(), value("iokmem_dma_buf_export", self->id, "duration"));
	close(dma_buf);
	ASSERT_EQ(0, revoke_memory(self->fd));
	ASSERT_EQ(-ENODEV, get_dma_buf(self->fd, 0));
	EXPECT_EQ(-ENODEV, value("iokmem_dma_buf_export", self->id, "err"));

	udmabuf = new_udmabuf(2 * PAGE);
	if (udmabuf < 0)
		SKIP(return, "no udmabuf");
	dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	fd = with_dma_buf(dev, IOKMEM_DIRECTION_INOUT, udmabuf);
	ASSERT_LE(0, fd);
	/* The program has it directly, so that it is not a window's number. */
	id = buffer_id(fd);
	EXPECT_EQ(2 * PAGE, value("iokmem_dma_buf_import", id, "length"));
	EXPECT_EQ(0, value("iokmem_dma_buf_import", id, "err"));
	EXPECT_LE(shortest(), value("iokmem_dma_buf_import", id, "duration"));
	close(fd);
	close(dev);
	close(udmabuf);
}

/*
 * Replace the buffer by one at addresses of 28 bits, which is as far as the device reaches. There
 * are none on machines where it needs an IOMMU, which brings any memory within reach.
 */
static void bring_within_reach(int *fd, long long *id)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = IOKMEM_DIRECTION_INOUT,
		.capacity = LENGTH,
		.physical_mask = 0x0fffffff,
	};
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (!iok(dev, IOKMEM_CREATE_BUFFER, &arg)) {
		close(*fd);
		*fd = arg.fd;
		*id = buffer_id(arg.fd);
	}
	close(dev);
}

TEST_F(trace, dma_tells_the_device)
{
	int driver = open_driver(), err;

	ASSERT_LE(0, driver);
	bring_within_reach(&self->fd, &self->id);
	err = driver_use(driver, self->fd, IOKMEM_PROBE_MAP_DMA, 0, 0);
	if (err == -ENXIO)
		SKIP(return, "no edu device with a driver");
	ASSERT_EQ(0, err);
	ASSERT_TRUE(find_edu());
	EXPECT_TRUE(says("iokmem_dma_map", self->id, slot) ||
		    says("iokmem_dma_map", self->id, other));
	EXPECT_EQ(LENGTH, value("iokmem_dma_map", self->id, "length"));
	EXPECT_EQ(0, value("iokmem_dma_map", self->id, "direction"));
	EXPECT_EQ(0, value("iokmem_dma_map", self->id, "err"));
	EXPECT_LE(shortest(), value("iokmem_dma_map", self->id, "duration"));
	EXPECT_EQ(LENGTH, value("iokmem_dma_unmap", self->id, "length"));
	close(driver);
}

TEST_F(trace, dma_buf_tells_the_devices_that_have_it_mapped)
{
	int vgem = open_vgem(), dma_buf;
	__u32 handle = 0;

	if (vgem < 0)
		SKIP(return, "no vgem");
	dma_buf = get_dma_buf(self->fd, 0);
	ASSERT_LE(0, dma_buf);
	ASSERT_EQ(0, vgem_import(vgem, dma_buf, &handle));
	EXPECT_TRUE(says("iokmem_dma_buf_map", self->id, "device=vgem "));
	EXPECT_EQ(LENGTH, value("iokmem_dma_buf_map", self->id, "length"));
	EXPECT_EQ(0, value("iokmem_dma_buf_map", self->id, "err"));
	EXPECT_LE(shortest(), value("iokmem_dma_buf_map", self->id, "duration"));
	vgem_close(vgem, handle);
	EXPECT_TRUE(EVENTUALLY(says("iokmem_dma_buf_unmap", self->id, "device=vgem ")));
	close(dma_buf);
	close(vgem);
}

/* Addresses of the kernel have their uppermost bit set, on all machines of the tests. */
static int count_kernel_addresses(void)
{
	FILE *trace = fopen(TRACE, "re");
	char line[512], *at;
	int nr = 0;

	if (!trace)
		return -errno;
	while (fgets(line, sizeof(line), trace))
		for (at = line; (at = strstr(at, "=0x")); at++)
			nr += strtoull(at + 1, NULL, 16) >> 63;
	fclose(trace);
	return nr;
}

TEST_F(trace, events_tell_no_address_of_the_kernel)
{
	char *address;
	int dma_buf;

	ASSERT_EQ(0, map(self->fd, 0, 0, LENGTH, &address));
	touch(address, true);
	dma_buf = get_dma_buf(self->fd, 0);
	ASSERT_LE(0, dma_buf);
	close(dma_buf);
	EXPECT_EQ(0, release(self->fd, address, LENGTH));
	ASSERT_EQ(0, revoke_memory(self->fd));
	EXPECT_LT(5, count_lines(TRACE, ": iokmem_"));
	EXPECT_EQ(0, count_kernel_addresses());
}

TEST_HARNESS_MAIN
