// SPDX-License-Identifier: GPL-2.0
/*
 * The code of Documentation/porting-from-iokit.md, which shows it as it stands here; and
 * whether it does what is said there.
 */
#include <linux/anon_inodes.h>
#include <linux/dma-mapping.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/iokmem_client.h>
#include <linux/uaccess.h>

#include <iokit/IOBufferMemoryDescriptor.h>

#include "kinds.h"

/* 1. A page that a driver shares with its client. */

struct client {
	struct iokmem_desc *page;
	struct iokmem_map *map;
};

static int client_start(struct client *client, struct task_struct *task)
{
	client->page = iokmem_buffer_with_options(IOKMEM_DIRECTION_INOUT |
						  IOKMEM_KERNEL_USER_SHARED, PAGE_SIZE, 0);
	if (IS_ERR(client->page))
		return PTR_ERR(client->page);
	client->map = iokmem_desc_create_mapping_in_task(client->page, task, 0,
							 IOKMEM_MAP_ANYWHERE, 0, 0);
	if (IS_ERR(client->map)) {
		iokmem_desc_put(client->page);
		return PTR_ERR(client->map);
	}
	return 0;
}

static void client_stop(struct client *client)
{
	iokmem_map_put(client->map);
	iokmem_desc_put(client->page);
}

static IOReturn client_start_in_iokit(struct client *client, task_t task)
{
	client->page = IOBufferMemoryDescriptor_withOptions(kIODirectionInOut |
							    kIOMemoryKernelUserShared,
							    PAGE_SIZE, 1);
	if (!client->page)
		return kIOReturnNoMemory;
	client->map = IOMemoryDescriptor_createMappingInTask(client->page, task, 0,
							     kIOMapAnywhere, 0, 0);
	if (!client->map) {
		IOMemoryDescriptor_release(client->page);
		return kIOReturnNoResources;
	}
	return kIOReturnSuccess;
}

/* Types of memory that programs can map. */
enum { CLIENT_PAGE, CLIENT_PAGE_TO_READ };

static struct iokmem_desc *client_memory_for_type(struct file *file, u32 type,
						  iokmem_map_options_t *options)
{
	struct client *client = file->private_data;

	switch (type) {
	case CLIENT_PAGE_TO_READ:
		*options = IOKMEM_MAP_READ_ONLY;
		fallthrough;
	case CLIENT_PAGE:
		return iokmem_desc_get(client->page);
	default:
		return ERR_PTR(-EINVAL);
	}
}

static long client_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return iokmem_client_ioctl(file, cmd, arg, client_memory_for_type);
}

static void expect_shared(struct kunit *test, struct client *client)
{
	char *mine = iokmem_buffer_get_bytes_no_copy(client->page);
	char __user *its = (char __user *)iokmem_map_get_address(client->map);
	char byte = 0;

	mine[100] = 'k';
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, its + 100));
	KUNIT_EXPECT_EQ(test, 'k', byte);
	KUNIT_EXPECT_EQ(test, 0, put_user('u', its + 101));
	KUNIT_EXPECT_EQ(test, 'u', mine[101]);
}

static void page_is_shared_with_the_client(struct kunit *test)
{
	struct client client, again;

	attach_address_space(test);
	KUNIT_ASSERT_EQ(test, 0, client_start(&client, current));
	expect_shared(test, &client);
	client_stop(&client);
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess, client_start_in_iokit(&again, current));
	expect_shared(test, &again);
	client_stop(&again);
}

static const struct file_operations client_fops = { .unlocked_ioctl = client_ioctl };

/* Get memory of the client, as its program does. Returns the rights of the program's file. */
static u32 expect_type(struct kunit *test, struct client *client, u32 type)
{
	struct iokmem_client_memory arg = { .size = sizeof(arg), .type = type };
	unsigned long at = user_memory(test, PAGE_SIZE, false);
	struct file *device, *file;
	struct iokmem_desc *desc;
	u32 flags = ~0U;

	device = anon_inode_getfile("client", &client_fops, client, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, &arg, sizeof(arg)));
	KUNIT_EXPECT_EQ(test, 0, client_ioctl(device, IOKMEM_CLIENT_MEMORY, at));
	fput(device);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&arg, (void __user *)at, sizeof(arg)));
	file = fget(arg.fd);
	KUNIT_ASSERT_NOT_NULL(test, file);
	desc = iokmem_desc_with_file(file, &flags);
	fput(file);
	KUNIT_EXPECT_PTR_EQ(test, client->page, desc);
	iokmem_desc_put(desc);
	KUNIT_EXPECT_EQ(test, 0, close_fd(arg.fd));
	return flags;
}

static void page_is_memory_of_a_type(struct kunit *test)
{
	struct client client;

	attach_address_space(test);
	KUNIT_ASSERT_EQ(test, 0, client_start(&client, current));
	KUNIT_EXPECT_EQ(test, 0U, expect_type(test, &client, CLIENT_PAGE));
	KUNIT_EXPECT_EQ(test, IOKMEM_FD_READ_ONLY, expect_type(test, &client, CLIENT_PAGE_TO_READ));
	client_stop(&client);
}

/* 2. A ring of a device that takes 32 bits and does not look into caches. */

struct ring {
	struct iokmem_desc *memory;
	struct iokmem_dma *command;
	void *entries;
	u64 bus_address;
};

static int ring_start(struct ring *ring, struct device *dev, size_t size)
{
	static const struct iokmem_dma_specification specification = {
		.address_bits = 32,
		.alignment = SZ_4K,
	};
	struct iokmem_dma_segment segment;
	unsigned int nr = 1;
	size_t offset = 0;
	int err;

	ring->memory = iokmem_buffer_in_task_with_physical_mask(IOKMEM_KERNEL_TASK,
								IOKMEM_DIRECTION_INOUT |
								IOKMEM_PHYSICALLY_CONTIGUOUS |
								IOKMEM_MAP_INHIBIT_CACHE,
								size, 0xfffff000);
	if (IS_ERR(ring->memory))
		return PTR_ERR(ring->memory);
	ring->command = iokmem_dma_with_specification(dev, &specification);
	if (IS_ERR(ring->command)) {
		err = PTR_ERR(ring->command);
		goto err_memory;
	}
	err = iokmem_dma_set_memory_descriptor(ring->command, ring->memory, true);
	if (err)
		goto err_command;
	/* It is contiguous: one segment has all of it. */
	err = iokmem_dma_gen_segments(ring->command, &offset, &segment, &nr);
	if (err)
		goto err_command;

	ring->entries = iokmem_buffer_get_bytes_no_copy(ring->memory);
	ring->bus_address = segment.address;
	return 0;

err_command:
	iokmem_dma_put(ring->command);
err_memory:
	iokmem_desc_put(ring->memory);
	return err;
}

static void ring_stop(struct ring *ring)
{
	/* Completes what is prepared. The device has been told to stop. */
	iokmem_dma_put(ring->command);
	iokmem_desc_put(ring->memory);
}

static int ring_start_coherent(struct ring *ring, struct device *dev, size_t size)
{
	dma_addr_t address;
	int err;

	ring->memory = iokmem_buffer_coherent(dev, IOKMEM_DIRECTION_INOUT, size);
	if (IS_ERR(ring->memory))
		return PTR_ERR(ring->memory);
	err = iokmem_buffer_get_dma_address(ring->memory, &address);
	if (err) {
		iokmem_desc_put(ring->memory);
		return err;
	}
	ring->entries = iokmem_buffer_get_bytes_no_copy(ring->memory);
	ring->bus_address = address;
	return 0;
}

static void ring_is_where_the_device_can_reach_it(struct kunit *test)
{
	struct device *dev = device(test);
	struct ring ring;
	size_t size = 0;
	phys_addr_t at;

	KUNIT_ASSERT_EQ(test, 0, ring_start(&ring, dev, SZ_64K));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_physical_segment(ring.memory, 0, &at, &size));
	KUNIT_EXPECT_EQ(test, SZ_64K, size);
	KUNIT_EXPECT_EQ(test, 0ULL, ring.bus_address & ~0xfffff000ULL);
	KUNIT_EXPECT_EQ(test, at, ring.bus_address);
	if (entries_have_types())
		KUNIT_EXPECT_EQ(test, entry_cache(IOKMEM_MAP_INHIBIT_CACHE),
				kernel_entry_of((unsigned long)ring.entries).cache);
	KUNIT_EXPECT_NULL(test, memchr_inv(ring.entries, 0, SZ_64K));
	ring_stop(&ring);

	KUNIT_ASSERT_EQ(test, 0, ring_start_coherent(&ring, dev, SZ_64K));
	KUNIT_EXPECT_NULL(test, memchr_inv(ring.entries, 0, SZ_64K));
	KUNIT_EXPECT_NE(test, 0ULL, ring.bus_address);
	iokmem_desc_put(ring.memory);
}

/* 3. A device's registers. */

struct registers {
	struct iokmem_desc *desc;
	struct iokmem_map *map;
	void __iomem *base;
};

static int registers_map(struct registers *registers, struct device *dev,
			 phys_addr_t start, size_t length)
{
	registers->desc = iokmem_device_memory_with_range(dev, start, length,
							  IOKMEM_DIRECTION_INOUT);
	if (IS_ERR(registers->desc))
		return PTR_ERR(registers->desc);
	registers->map = iokmem_desc_map(registers->desc,
					 iokmem_map_cache(IOKMEM_MAP_INHIBIT_CACHE));
	if (IS_ERR(registers->map)) {
		iokmem_desc_put(registers->desc);
		return PTR_ERR(registers->map);
	}
	registers->base = (void __iomem *)iokmem_map_get_address(registers->map);
	return 0;
}

static void registers_unmap(struct registers *registers)
{
	iokmem_map_put(registers->map);
	iokmem_desc_put(registers->desc);
}

static void registers_are_read_and_written(struct kunit *test)
{
	struct device *dev = device(test);
	struct registers registers;

	need_reserved(test);
	KUNIT_ASSERT_EQ(test, 0, registers_map(&registers, dev, RESERVED_START, PAGE_SIZE));
	writel(0x12345678, registers.base + 8);
	KUNIT_EXPECT_EQ(test, 0x12345678, readl(registers.base + 8));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_INHIBIT_CACHE,
			iokmem_map_get_cache_mode(registers.map));
	registers_unmap(&registers);
}

/* 4. A program's buffer, as the kernel sees it. */

static int sum_of_user_buffer(u64 address, size_t length, u64 *sum)
{
	struct iokmem_desc *desc;
	struct iokmem_map *map;
	const u8 *bytes;
	size_t i;
	int err;

	desc = iokmem_desc_with_address_range(address, length, IOKMEM_DIRECTION_OUT,
					      current);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	err = iokmem_desc_prepare(desc, IOKMEM_DIRECTION_NONE);
	if (err)
		goto out_put;
	map = iokmem_desc_map(desc, IOKMEM_MAP_READ_ONLY);
	if (IS_ERR(map)) {
		err = PTR_ERR(map);
		goto out_complete;
	}

	bytes = (const u8 *)iokmem_map_get_address(map);
	for (*sum = 0, i = 0; i < length; i++)
		*sum += bytes[i];

	iokmem_map_put(map);
out_complete:
	iokmem_desc_complete(desc, IOKMEM_DIRECTION_NONE);
out_put:
	iokmem_desc_put(desc);
	return err;
}

static void user_buffer_is_read_where_it_is(struct kunit *test)
{
	u8 bytes[300];
	u64 sum = 0, expected = 0;
	unsigned long at;
	size_t i;

	attach_address_space(test);
	fill_bytes(bytes, sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++)
		expected += bytes[i];
	/* Over the end of a page. */
	at = user_memory(test, 2 * PAGE_SIZE, false) + PAGE_SIZE - 150;
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((u8 __user *)at, bytes, sizeof(bytes)));
	KUNIT_EXPECT_EQ(test, 0, sum_of_user_buffer(at, sizeof(bytes), &sum));
	KUNIT_EXPECT_EQ(test, expected, sum);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(PAGE_ALIGN(at), PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT, sum_of_user_buffer(at, sizeof(bytes), &sum));
}

/* 5. An argument that is too large for the stack. */

struct request {
	u32 code;
	u32 count;
	u64 values[];
};

/* The program may write to it all the time: each value is read once. */
static int run_request(void *address, size_t length, void *data)
{
	const struct request *request = address;
	u64 *sum = data;
	u32 i, count;

	if (length < sizeof(*request) || !IS_ALIGNED((unsigned long)address, 8))
		return -EINVAL;
	count = READ_ONCE(request->count);
	if (count > (length - sizeof(*request)) / sizeof(request->values[0]))
		return -EINVAL;
	for (*sum = 0, i = 0; i < count; i++)
		*sum += READ_ONCE(request->values[i]);
	return 0;
}

static int external_method(u64 address, size_t length, u64 *sum)
{
	struct iokmem_desc *desc;
	int err;

	desc = iokmem_desc_with_address_range(address, length, IOKMEM_DIRECTION_OUT,
					      current);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	err = iokmem_desc_with_mapping(desc, IOKMEM_MAP_READ_ONLY, 0, 0, run_request, sum);
	iokmem_desc_put(desc);
	return err;
}

static void argument_is_looked_at_without_a_copy(struct kunit *test)
{
	struct request __user *request;
	unsigned long at;
	u64 sum = 0;
	u32 i;

	attach_address_space(test);
	at = user_memory(test, 4 * PAGE_SIZE, false);
	request = (struct request __user *)at;
	KUNIT_ASSERT_EQ(test, 0, put_user(1000, &request->count));
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, 0, put_user(i, &request->values[i]));
	KUNIT_EXPECT_EQ(test, 0, external_method(at, 8 + 8 * 1000, &sum));
	KUNIT_EXPECT_EQ(test, 999 * 1000 / 2, sum);
	/* It says that it is longer than it is. */
	KUNIT_EXPECT_EQ(test, -EINVAL, external_method(at, 8 + 8 * 999, &sum));
	KUNIT_EXPECT_EQ(test, -EINVAL, external_method(at, 7, &sum));
	KUNIT_EXPECT_EQ(test, -EINVAL, external_method(at + 4, 100, &sum));
	KUNIT_EXPECT_EQ(test, -ERANGE, external_method(at, 0, &sum));
}

/* 6. What clients may see and not change. */

static int publish(struct iokmem_desc *desc)
{
	struct file *file;
	int fd;

	file = iokmem_desc_get_file(desc, IOKMEM_FD_READ_ONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		fput(file);
	else
		fd_install(fd, file);
	return fd;
}

static struct iokmem_map *publish_in_task(struct iokmem_desc *desc, struct task_struct *task)
{
	return iokmem_desc_create_mapping_in_task(desc, task, 0, IOKMEM_MAP_ANYWHERE |
						  IOKMEM_MAP_READ_ONLY, 0, 0);
}

static void published_memory_is_read_only(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, SZ_64K, 0), *got;
	struct iokmem_map *map;
	struct file *file;
	u32 flags = 0;
	int fd;

	attach_address_space(test);
	fill_pattern(desc);
	map = keep_map(test, publish_in_task(desc, current));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(iokmem_map_get_address(map), SZ_64K, 0));
	KUNIT_EXPECT_NE(test, 0, clear_user((u8 __user *)iokmem_map_get_address(map), 1));

	fd = publish(desc);
	KUNIT_ASSERT_GE(test, fd, 0);
	file = fget(fd);
	KUNIT_ASSERT_NOT_NULL(test, file);
	got = iokmem_desc_with_file(file, &flags);
	fput(file);
	KUNIT_EXPECT_PTR_EQ(test, desc, got);
	KUNIT_EXPECT_EQ(test, IOKMEM_FD_READ_ONLY, flags);
	iokmem_desc_put(got);
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
}

/* 7. Frames that need not be in memory while nobody works on them. */

static struct iokmem_desc *frame_make(struct task_struct *task, size_t size)
{
	return iokmem_buffer_in_task_with_options(task, IOKMEM_DIRECTION_INOUT |
						  IOKMEM_PAGEABLE |
						  IOKMEM_KERNEL_USER_SHARED, size, 0);
}

static int frame_fill(struct iokmem_desc *frame, u8 value)
{
	struct iokmem_map *map;

	/* What is mapped into the kernel stays in memory; nothing of it faults. */
	map = iokmem_desc_map(frame, 0);
	if (IS_ERR(map))
		return PTR_ERR(map);
	memset((void *)iokmem_map_get_address(map), value, iokmem_map_get_length(map));
	iokmem_map_put(map);
	return 0;
}

static void frame_is_filled_for_its_task(struct kunit *test)
{
	struct iokmem_desc *frame;
	u64 resident = 1;
	u8 byte = 0;

	attach_address_space(test);
	frame = keep_desc(test, frame_make(current, SZ_256K));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_page_counts(frame, &resident, NULL));
	KUNIT_EXPECT_EQ(test, 0ULL, resident);
	KUNIT_EXPECT_EQ(test, 0, frame_fill(frame, 0x5a));
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)iokmem_buffer_get_address(frame) +
						SZ_256K - 1));
	KUNIT_EXPECT_EQ(test, 0x5a, byte);
	KUNIT_EXPECT_EQ(test, 0, frame->held);
}

/* 8. Reports of some bytes each. */

static struct iokmem_desc *report_make(size_t longest)
{
	return iokmem_buffer_with_capacity(longest, IOKMEM_DIRECTION_IN, false);
}

static int report_received(struct iokmem_desc *report, const void *bytes, size_t length)
{
	int err;

	err = iokmem_buffer_set_length(report, 0);
	if (err)
		return err;
	return iokmem_buffer_append_bytes(report, bytes, length);
}

static void report_has_the_length_it_came_with(struct kunit *test)
{
	struct iokmem_desc *report = keep_desc(test, report_make(64));
	u8 bytes[65];

	fill_bytes(bytes, sizeof(bytes));
	KUNIT_EXPECT_EQ(test, 0, report_received(report, bytes, 64));
	KUNIT_EXPECT_EQ(test, 0, report_received(report, bytes, 7));
	KUNIT_EXPECT_EQ(test, 7, iokmem_desc_get_length(report));
	KUNIT_EXPECT_TRUE(test, has_pattern(iokmem_buffer_get_bytes_no_copy(report), 7, 0));
	KUNIT_EXPECT_EQ(test, -ENOSPC, report_received(report, bytes, 65));
}

/* 9. Where ordinary memory is. */

static int walk_segments(void *bytes, size_t length,
			 int (*call)(phys_addr_t address, size_t length, void *data),
			 void *data)
{
	struct iokmem_desc *desc;
	phys_addr_t address;
	size_t offset, n;
	int err = 0;

	/* Prepared from the start, and as long as there is the descriptor. */
	desc = iokmem_desc_with_address(bytes, length, IOKMEM_DIRECTION_OUT);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	for (offset = 0; offset < length && !err; offset += n) {
		err = iokmem_desc_get_physical_segment(desc, offset, &address, &n);
		if (!err)
			err = call(address, n, data);
	}
	iokmem_desc_put(desc);
	return err;
}

struct walk {
	struct kunit *test;
	u8 *bytes;
	size_t length;
};

static int expect_segment(phys_addr_t address, size_t length, void *data)
{
	struct walk *walk = data;

	KUNIT_EXPECT_EQ(walk->test, virt_to_phys(walk->bytes + walk->length), address);
	walk->length += length;
	return 0;
}

static int refuse_segment(phys_addr_t address, size_t length, void *data)
{
	return -E2BIG;
}

static void segments_cover_the_memory(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, SZ_16K, GFP_KERNEL);
	struct walk walk = { test, bytes + 10 };

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_EQ(test, 0, walk_segments(bytes + 10, 10000, expect_segment, &walk));
	KUNIT_EXPECT_EQ(test, 10000, walk.length);
	KUNIT_EXPECT_EQ(test, -E2BIG, walk_segments(bytes, 10, refuse_segment, NULL));
}

static struct kunit_case porting_cases[] = {
	KUNIT_CASE(page_is_shared_with_the_client),
	KUNIT_CASE(page_is_memory_of_a_type),
	KUNIT_CASE(ring_is_where_the_device_can_reach_it),
	KUNIT_CASE(registers_are_read_and_written),
	KUNIT_CASE(user_buffer_is_read_where_it_is),
	KUNIT_CASE(argument_is_looked_at_without_a_copy),
	KUNIT_CASE(published_memory_is_read_only),
	KUNIT_CASE(frame_is_filled_for_its_task),
	KUNIT_CASE(report_has_the_length_it_came_with),
	KUNIT_CASE(segments_cover_the_memory),
	{}
};

static struct kunit_suite porting_suite = {
	.name = "iokmem_porting",
	.test_cases = porting_cases,
};

kunit_test_suite(porting_suite);
