// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a driver offers to programs by types, and that programs pass to it: what the driver
 * says, and what the program gets.
 */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/iokmem_client.h>
#include <linux/uaccess.h>

#include "kinds.h"

/**
 * struct driver - what stands for a driver's device
 * @desc: its memory of type 7, or an error
 * @options: what it says about that
 * @asked: how often it was asked
 */
struct driver {
	struct iokmem_desc *desc;
	u32 options;
	int asked;
};

static const struct file_operations driver_fops = { .owner = THIS_MODULE };

static struct iokmem_desc *memory_for_type(struct file *file, u32 type,
					   iokmem_map_options_t *options)
{
	struct driver *driver = file->private_data;

	driver->asked++;
	if (type != 7)
		return ERR_PTR(-EINVAL);
	*options |= driver->options;
	return IS_ERR(driver->desc) ? driver->desc : iokmem_desc_get(driver->desc);
}

static void put_driver_file(void *file)
{
	fput(file);
}

/* Open the device of a driver with this memory. */
static struct file *open_driver(struct kunit *test, struct iokmem_desc *desc, u32 options,
				int flags)
{
	struct driver *driver = kunit_kzalloc(test, sizeof(*driver), GFP_KERNEL);
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(test, driver);
	driver->desc = desc;
	driver->options = options;
	file = anon_inode_getfile("driver", &driver_fops, driver, flags);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_driver_file, file));
	return file;
}

/* Call the ioctl as a program. Return a file descriptor, or an error. */
static int ask(struct kunit *test, struct file *file, u32 type)
{
	struct iokmem_client_memory arg = { .size = sizeof(arg), .type = type };
	unsigned long at = user_memory(test, PAGE_SIZE, false);
	long err;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, &arg, sizeof(arg)));
	err = iokmem_client_ioctl(file, IOKMEM_CLIENT_MEMORY, at, memory_for_type);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&arg, (void __user *)at, sizeof(arg)));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(at, PAGE_SIZE));
	return err ? err : arg.fd;
}

/* Close a program's file descriptor. Return the descriptor behind it, which the caller puts. */
static struct iokmem_desc *close_memory(struct kunit *test, int fd, u32 *flags)
{
	struct iokmem_desc *desc;
	struct file *file;

	KUNIT_ASSERT_GE(test, fd, 0);
	file = fget(fd);
	KUNIT_ASSERT_NOT_NULL(test, file);
	desc = iokmem_desc_with_file(file, flags);
	fput(file);
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	return desc;
}

static void type_is_a_file_of_the_drivers_descriptor(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0), *got;
	u32 flags = 1;
	int fd;

	attach_address_space(test);
	fd = ask(test, open_driver(test, desc, 0, O_RDWR), 7);
	got = close_memory(test, fd, &flags);
	KUNIT_EXPECT_PTR_EQ(test, desc, got);
	KUNIT_EXPECT_EQ(test, 0U, flags);
	iokmem_desc_put(got);
}

static void program_keeps_memory_that_the_driver_has_put(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0), *got;
	u64 id = desc->id;
	int fd;

	attach_address_space(test);
	fd = ask(test, open_driver(test, desc, 0, O_RDWR), 7);
	put_buffer_now(test, desc);
	got = close_memory(test, fd, NULL);
	KUNIT_EXPECT_EQ(test, id, got->id);
	iokmem_desc_put(got);
	settle_files(test);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

/* Rights of the device's file, of the driver's options and of the memory, and the outcome. */
struct rights {
	const char *name;
	int open;
	u32 options;
	bool read_only_memory;
	int err;
	u32 flags;
};

static const struct rights rights[] = {
	{ "all", O_RDWR },
	{ "read_only_for_the_driver", O_RDWR, IOKMEM_MAP_READ_ONLY, .flags = IOKMEM_FD_READ_ONLY },
	{ "opened_to_read", O_RDONLY, .flags = IOKMEM_FD_READ_ONLY },
	{ "opened_to_write", O_WRONLY, .err = -EACCES },
	{ "read_only_memory", O_RDWR, .read_only_memory = true, .flags = IOKMEM_FD_READ_ONLY },
	{ "unknown_option", O_RDWR, IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE, .err = -EOPNOTSUPP },
};

static void describe_rights(const struct rights *r, char *description)
{
	strscpy(description, r->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(rights, rights, describe_rights);

static void rights_are_those_that_all_allow(struct kunit *test)
{
	const struct rights *r = test->param_value;
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	unsigned long users;
	u32 flags = ~0U;
	int fd;

	attach_address_space(test);
	if (r->read_only_memory)
		desc = range(test, address_of(map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, 0)),
			     SZ_64K, IOKMEM_DIRECTION_INOUT);
	users = refcount_read(&desc->users);
	fd = ask(test, open_driver(test, desc, r->options, r->open), 7);
	if (r->err) {
		KUNIT_EXPECT_EQ(test, r->err, fd);
	} else {
		iokmem_desc_put(close_memory(test, fd, &flags));
		KUNIT_EXPECT_EQ(test, r->flags, flags);
	}
	settle_files(test);
	KUNIT_EXPECT_EQ(test, users, refcount_read(&desc->users));
}

static void driver_says_which_types_there_are(struct kunit *test)
{
	struct file *file = open_driver(test, ERR_PTR(-EHOSTDOWN), 0, O_RDWR);
	struct driver *driver = file->private_data;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EINVAL, ask(test, file, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, ask(test, file, U32_MAX));
	KUNIT_EXPECT_EQ(test, -EHOSTDOWN, ask(test, file, 7));
	KUNIT_EXPECT_EQ(test, 3, driver->asked);
}

static void other_ioctls_are_the_drivers(struct kunit *test)
{
	struct file *file = open_driver(test, ERR_PTR(-EHOSTDOWN), 0, O_RDWR);
	struct driver *driver = file->private_data;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -ENOTTY, iokmem_client_ioctl(file, IOKMEM_CREATE_MAPPING, 0,
							   memory_for_type));
	KUNIT_EXPECT_EQ(test, -ENOTTY, iokmem_client_ioctl(file, 0, 0, memory_for_type));
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_client_ioctl(file, IOKMEM_CLIENT_MEMORY, 0,
							   memory_for_type));
	KUNIT_EXPECT_EQ(test, 0, driver->asked);
}

/* Describe ranges that a program names. Return the descriptor, or an error. */
static struct iokmem_desc *describe(struct kunit *test, const struct iokmem_address_range *ranges,
				    unsigned int nr, u32 direction)
{
	unsigned long at = user_memory(test, PAGE_SIZE, false);

	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, ranges, nr * sizeof(*ranges)));
	return iokmem_client_create_memory_descriptor((void __user *)at, nr, direction);
}

static void program_passes_memory_in_pieces(struct kunit *test)
{
	struct iokmem_address_range ranges[3];
	struct iokmem_desc *desc;
	unsigned long at;

	attach_address_space(test);
	at = user_memory(test, 4 * PAGE_SIZE, false);
	fill_user(test, at, 3000);
	ranges[0] = (struct iokmem_address_range){ at, 1000 };
	ranges[1] = (struct iokmem_address_range){ at + 1000, 0 };
	ranges[2] = (struct iokmem_address_range){ at + 1000, 2000 };
	desc = keep_desc(test, describe(test, ranges, 3, IOKMEM_DIRECTION_OUT));
	KUNIT_EXPECT_EQ(test, 3000, iokmem_desc_get_length(desc));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_NONE));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	/* It is the program's memory, and no copy. */
	KUNIT_ASSERT_EQ(test, 0, put_user(pattern(1), (u8 __user *)at));
	KUNIT_EXPECT_FALSE(test, reads_pattern(test, desc, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, IOKMEM_DIRECTION_NONE));
}

static void program_passes_what_a_map_shows(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0), *window;
	struct iokmem_address_range range = { .length = SZ_4K };
	size_t offset = 0;

	attach_address_space(test);
	range.address = address_of(map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, 0)) + SZ_16K;
	window = keep_desc(test, describe(test, &range, 1, IOKMEM_DIRECTION_INOUT));
	KUNIT_EXPECT_PTR_EQ(test, desc, iokmem_desc_root(window, &offset));
	KUNIT_EXPECT_EQ(test, SZ_16K, offset);
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_write_bytes(window, 0, "x", 1));
}

static void wrong_ranges_are_refused(struct kunit *test)
{
	const struct iokmem_address_range wraps = { PAGE_SIZE, -PAGE_SIZE };
	const struct iokmem_address_range kernels = { PAGE_OFFSET, PAGE_SIZE };
	/* Together they wrap around. */
	const struct iokmem_address_range wrap[] = { { -2 * PAGE_SIZE, PAGE_SIZE * 2 },
						     { 0, PAGE_SIZE } };
	struct iokmem_address_range __user *none = (void __user *)PAGE_SIZE;
	struct iokmem_desc *desc;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR(iokmem_client_create_memory_descriptor(none, 0, 0)));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			PTR_ERR(iokmem_client_create_memory_descriptor(none, 1025, 0)));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			PTR_ERR(iokmem_client_create_memory_descriptor(none, 1024, 0)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_client_create_memory_descriptor(none, 1,
								       IOKMEM_PERSISTENT)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(describe(test, &wraps, 1, 0)));
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL, PTR_ERR(describe(test, &kernels, 1, 0)));
	desc = describe(test, wrap, 2, 0);
	KUNIT_EXPECT_TRUE(test, PTR_ERR(desc) == -EOVERFLOW || PTR_ERR(desc) == -EADDRNOTAVAIL);
}

static struct kunit_case client_cases[] = {
	KUNIT_CASE(type_is_a_file_of_the_drivers_descriptor),
	KUNIT_CASE(program_keeps_memory_that_the_driver_has_put),
	KUNIT_CASE_PARAM(rights_are_those_that_all_allow, rights_gen_params),
	KUNIT_CASE(driver_says_which_types_there_are),
	KUNIT_CASE(other_ioctls_are_the_drivers),
	KUNIT_CASE(program_passes_memory_in_pieces),
	KUNIT_CASE(program_passes_what_a_map_shows),
	KUNIT_CASE(wrong_ranges_are_refused),
	{}
};

static struct kunit_suite client_suite = {
	.name = "iokmem_client",
	.test_cases = client_cases,
};

kunit_test_suite(client_suite);
