// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules that all ioctls share: the size of the argument, its address, reserved fields, and
 * the file that an ioctl belongs to. A call that fails changes nothing.
 */
#include <stddef.h>

#include "iokmem_utils.h"

#include <sys/file.h>

#define BUFFER_SIZE	(3 * PAGE + 100)

/* Every ioctl, with arguments that are correct. */
FIXTURE(every_ioctl)
{
	int dev;
	int fd;		/* a buffer */
	int target;	/* the file of the ioctl: @dev or @fd */
	char *base;	/* a map of @fd, with one reference */
};

FIXTURE_VARIANT(every_ioctl)
{
	unsigned long cmd;
	__u32 size;
	__u32 min_size;
	bool on_device;
	bool answers;
	int reserved;	/* offset of __reserved, or -1 */
	__u32 options;	/* of @fd */
	__u32 map_options;	/* of a buffer that is created */
};

FIXTURE_VARIANT_ADD(every_ioctl, create_buffer)
{
	.cmd = IOKMEM_CREATE_BUFFER,
	.size = 56,
	.min_size = 32,
	.on_device = true,
	.answers = true,
	.reserved = 52,
};

/* A buffer that is created and mapped needs room for the address. */
FIXTURE_VARIANT_ADD(every_ioctl, create_buffer_mapped)
{
	.cmd = IOKMEM_CREATE_BUFFER,
	.size = 56,
	.min_size = 48,
	.on_device = true,
	.answers = true,
	.reserved = 52,
	.map_options = IOKMEM_MAP_ANYWHERE,
};

FIXTURE_VARIANT_ADD(every_ioctl, create_mapping)
{
	.cmd = IOKMEM_CREATE_MAPPING,
	.size = 32,
	.min_size = 32,
	.answers = true,
	.reserved = -1,
};

FIXTURE_VARIANT_ADD(every_ioctl, release_mapping)
{
	.cmd = IOKMEM_RELEASE_MAPPING,
	.size = 24,
	.min_size = 24,
	.reserved = 4,
};

FIXTURE_VARIANT_ADD(every_ioctl, query_buffer)
{
	.cmd = IOKMEM_QUERY_BUFFER,
	.size = 64,
	.min_size = 56,
	.answers = true,
	.reserved = -1,
};

FIXTURE_VARIANT_ADD(every_ioctl, query_mapping)
{
	.cmd = IOKMEM_QUERY_MAPPING,
	.size = 48,
	.min_size = 48,
	.answers = true,
	.reserved = 44,
};

FIXTURE_VARIANT_ADD(every_ioctl, set_length)
{
	.cmd = IOKMEM_SET_LENGTH,
	.size = 16,
	.min_size = 16,
	.reserved = 4,
};

FIXTURE_VARIANT_ADD(every_ioctl, duplicate)
{
	.cmd = IOKMEM_DUPLICATE,
	.size = 16,
	.min_size = 16,
	.answers = true,
	.reserved = 12,
};

FIXTURE_VARIANT_ADD(every_ioctl, set_purgeable)
{
	.cmd = IOKMEM_SET_PURGEABLE,
	.size = 8,
	.min_size = 8,
	.reserved = -1,
	.options = IOKMEM_PAGEABLE | IOKMEM_PURGEABLE,
};

FIXTURE_VARIANT_ADD(every_ioctl, get_page_counts)
{
	.cmd = IOKMEM_GET_PAGE_COUNTS,
	.size = 24,
	.min_size = 24,
	.answers = true,
	.reserved = 4,
};

FIXTURE_VARIANT_ADD(every_ioctl, create_sub)
{
	.cmd = IOKMEM_CREATE_SUB,
	.size = 32,
	.min_size = 32,
	.answers = true,
	.reserved = 28,
};

FIXTURE_VARIANT_ADD(every_ioctl, create_multi)
{
	.cmd = IOKMEM_CREATE_MULTI,
	.size = 24,
	.min_size = 24,
	.on_device = true,
	.answers = true,
	.reserved = -1,
};

FIXTURE_VARIANT_ADD(every_ioctl, get_dma_buf)
{
	.cmd = IOKMEM_GET_DMA_BUF,
	.size = 16,
	.min_size = 16,
	.answers = true,
	.reserved = 12,
};

FIXTURE_VARIANT_ADD(every_ioctl, with_dma_buf)
{
	.cmd = IOKMEM_WITH_DMA_BUF,
	.size = 16,
	.min_size = 16,
	.on_device = true,
	.answers = true,
	.reserved = -1,
};

FIXTURE_VARIANT_ADD(every_ioctl, revoke)
{
	.cmd = IOKMEM_REVOKE,
	.size = 8,
	.min_size = 8,
	.reserved = 4,
};

/* Members of the multi-descriptor that the correct argument creates. */
static __s32 members[2];
/* A dma-buf for the correct argument to import. */
static __s32 dma_buf;
/* Map options of the buffer that the correct argument creates. */
static __u32 map_options;

FIXTURE_SETUP(every_ioctl)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, IOKMEM_DIRECTION_INOUT | variant->options,
			  BUFFER_SIZE, 0);
	ASSERT_LE(0, self->fd);
	self->target = variant->on_device ? self->dev : self->fd;
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->base));
	members[0] = self->fd;
	members[1] = self->fd;
	map_options = variant->map_options;
	dma_buf = -1;
	if (variant->cmd == IOKMEM_WITH_DMA_BUF) {
		dma_buf = get_dma_buf(self->fd, 0);
		ASSERT_LE(0, dma_buf);
	}
}

FIXTURE_TEARDOWN(every_ioctl)
{
}

/* Build a correct argument in @to, with @size as its size. */
static void good_argument(unsigned long cmd, const char *base, void *to,
			  __u32 size)
{
	union {
		__u32 size;
		struct iokmem_create_buffer create_buffer;
		struct iokmem_create_mapping create_mapping;
		struct iokmem_release_mapping release_mapping;
		struct iokmem_query_mapping query_mapping;
		struct iokmem_set_length set_length;
		struct iokmem_set_purgeable set_purgeable;
		struct iokmem_create_sub create_sub;
		struct iokmem_create_multi create_multi;
		struct iokmem_with_dma_buf with_dma_buf;
		char bytes[64];
	} arg = {};
	size_t used = 0;

	switch (cmd) {
	case IOKMEM_CREATE_BUFFER:
		used = sizeof(arg.create_buffer);
		arg.create_buffer.capacity = PAGE;
		arg.create_buffer.map_options = map_options;
		break;
	case IOKMEM_CREATE_MAPPING:
		used = sizeof(arg.create_mapping);
		arg.create_mapping.options = IOKMEM_MAP_ANYWHERE;
		arg.create_mapping.offset = PAGE;
		arg.create_mapping.length = PAGE;
		break;
	case IOKMEM_RELEASE_MAPPING:
		used = sizeof(arg.release_mapping);
		arg.release_mapping.address = (uintptr_t)base;
		arg.release_mapping.length = BUFFER_SIZE;
		break;
	case IOKMEM_QUERY_BUFFER:
		used = sizeof(struct iokmem_query_buffer);
		break;
	case IOKMEM_QUERY_MAPPING:
		used = sizeof(arg.query_mapping);
		arg.query_mapping.address = (uintptr_t)base;
		arg.query_mapping.length = BUFFER_SIZE;
		break;
	case IOKMEM_SET_LENGTH:
		used = sizeof(arg.set_length);
		arg.set_length.length = 2 * PAGE;
		break;
	case IOKMEM_DUPLICATE:
		used = sizeof(struct iokmem_duplicate);
		break;
	case IOKMEM_SET_PURGEABLE:
		used = sizeof(arg.set_purgeable);
		arg.set_purgeable.state = IOKMEM_PURGEABLE_VOLATILE;
		break;
	case IOKMEM_GET_PAGE_COUNTS:
		used = sizeof(struct iokmem_get_page_counts);
		break;
	case IOKMEM_CREATE_SUB:
		used = sizeof(arg.create_sub);
		arg.create_sub.offset = PAGE;
		arg.create_sub.length = PAGE;
		break;
	case IOKMEM_CREATE_MULTI:
		used = sizeof(arg.create_multi);
		arg.create_multi.fds = (uintptr_t)members;
		arg.create_multi.nr_fds = 2;
		break;
	case IOKMEM_GET_DMA_BUF:
		used = sizeof(struct iokmem_get_dma_buf);
		break;
	case IOKMEM_WITH_DMA_BUF:
		used = sizeof(arg.with_dma_buf);
		arg.with_dma_buf.dma_buf = dma_buf;
		break;
	case IOKMEM_REVOKE:
		used = sizeof(struct iokmem_revoke);
		break;
	}
	arg.size = size;
	memcpy(to, &arg, used);
}

/* Return true if the ioctl has done what the correct argument requests. */
static bool has_worked(unsigned long cmd, int fd, const char *base,
		       const void *arg, const struct state *before)
{
	struct state after = look(fd);

	switch (cmd) {
	case IOKMEM_CREATE_BUFFER:
		return after.fds == before->fds + 1 &&
		       after.descriptors == before->descriptors + 1 &&
		       nr_maps(((struct iokmem_create_buffer *)arg)->fd) ==
		       !!map_options;
	case IOKMEM_CREATE_MAPPING:
		return after.buffer.maps == before->buffer.maps + 1 &&
		       ((struct iokmem_create_mapping *)arg)->address ==
		       (uintptr_t)base + PAGE;
	case IOKMEM_RELEASE_MAPPING:
		return after.buffer.maps == before->buffer.maps - 1;
	case IOKMEM_QUERY_BUFFER:
		return ((struct iokmem_query_buffer *)arg)->capacity == BUFFER_SIZE;
	case IOKMEM_QUERY_MAPPING:
		return ((struct iokmem_query_mapping *)arg)->references == 1;
	case IOKMEM_SET_LENGTH:
		return after.buffer.length == 2 * PAGE;
	case IOKMEM_DUPLICATE:
		return after.fds == before->fds + 1 &&
		       nr_maps(((struct iokmem_duplicate *)arg)->fd) == 1;
	case IOKMEM_SET_PURGEABLE:
		return set_purgeable(fd, IOKMEM_PURGEABLE_KEEP_CURRENT) ==
		       IOKMEM_PURGEABLE_VOLATILE;
	case IOKMEM_GET_PAGE_COUNTS:
		return ((struct iokmem_get_page_counts *)arg)->resident == 4;
	case IOKMEM_CREATE_SUB:
		return after.fds == before->fds + 1 &&
		       after.descriptors == before->descriptors + 1 &&
		       length_of(((struct iokmem_create_sub *)arg)->fd) == PAGE;
	case IOKMEM_CREATE_MULTI:
		return after.fds == before->fds + 1 &&
		       after.descriptors == before->descriptors + 1 &&
		       length_of(((struct iokmem_create_multi *)arg)->fd) ==
		       2 * BUFFER_SIZE;
	case IOKMEM_GET_DMA_BUF:
		return after.fds == before->fds + 1 &&
		       lseek(((struct iokmem_get_dma_buf *)arg)->fd, 0, SEEK_END) ==
		       4 * PAGE;
	case IOKMEM_WITH_DMA_BUF:
		return after.fds == before->fds + 1 &&
		       after.descriptors == before->descriptors + 1 &&
		       length_of(((struct iokmem_with_dma_buf *)arg)->fd) == length_of(fd);
	case IOKMEM_REVOKE:
		return nr_maps(fd) == 0 && try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0) == -ENODEV;
	}
	return false;
}

TEST_F(every_ioctl, with_the_size_of_its_structure_works)
{
	struct state before = look(self->fd);
	char arg[64] = "";

	good_argument(variant->cmd, self->base, arg, variant->size);
	EXPECT_EQ(0, iok(self->target, variant->cmd, arg));
	EXPECT_TRUE(has_worked(variant->cmd, self->fd, self->base,
			       arg, &before));
	/* The ioctl does not change the size. */
	EXPECT_EQ(variant->size, *(__u32 *)arg);
}

TEST_F(every_ioctl, refuses_every_size_below_the_first_versions)
{
	struct state before = look(self->fd);
	char arg[64] = "";
	__u32 size;

	for (size = 0; size < variant->min_size; size++) {
		good_argument(variant->cmd, self->base, arg, size);
		EXPECT_EQ(-EINVAL, iok(self->target, variant->cmd, arg));
	}
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(every_ioctl, accepts_a_larger_structure_if_the_rest_is_zero)
{
	const __u32 more[] = { 1, 4, 7, 8, 64, PAGE - variant->size };
	unsigned int i;
	char *arg;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		__u32 size = variant->size + more[i];
		struct state before;

		arg = calloc(1, size);
		ASSERT_NE(NULL, arg);
		good_argument(variant->cmd, self->base, arg, size);
		before = look(self->fd);
		ASSERT_EQ(0, iok(self->target, variant->cmd, arg));
		EXPECT_TRUE(has_worked(variant->cmd, self->fd, self->base,
				       arg, &before));
		EXPECT_EQ(size, *(__u32 *)arg);
		/* The kernel does not write beyond the structure that it knows. */
		EXPECT_TRUE(is_zero(arg + variant->size, more[i]));
		free(arg);

		/* Undo it, so that the next round can do it once more. */
		if (variant->cmd == IOKMEM_RELEASE_MAPPING)
			ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->base));
		if (variant->cmd == IOKMEM_CREATE_MAPPING)
			ASSERT_EQ(0, release(self->fd, self->base + PAGE, PAGE));
	}
}

TEST_F(every_ioctl, refuses_a_larger_structure_if_the_rest_is_not_zero)
{
	struct state before = look(self->fd);
	char arg[PAGE];
	__u32 size, at;

	for (size = variant->size + 1; size <= variant->size + 16; size++) {
		for (at = variant->size; at < size; at++) {
			memset(arg, 0, sizeof(arg));
			good_argument(variant->cmd, self->base, arg, size);
			arg[at] = 1;
			EXPECT_EQ(-E2BIG, iok(self->target, variant->cmd, arg));
		}
	}
	memset(arg, 0, sizeof(arg));
	good_argument(variant->cmd, self->base, arg, sizeof(arg));
	arg[sizeof(arg) - 1] = 1;
	EXPECT_EQ(-E2BIG, iok(self->target, variant->cmd, arg));
	EXPECT_UNCHANGED(before, self->fd);

	/* The kernel does not look behind the structure. */
	memset(arg, 0xff, sizeof(arg));
	good_argument(variant->cmd, self->base, arg, variant->size);
	EXPECT_EQ(0, iok(self->target, variant->cmd, arg));
	EXPECT_TRUE(is_filled(arg + variant->size,
			      sizeof(arg) - variant->size, 0xff));
}

/* Looking at gigabytes that are zero would take seconds, in which no signal is answered. */
TEST_F(every_ioctl, refuses_a_structure_larger_than_a_page)
{
	const __u32 sizes[] = { PAGE + 1, PAGE + 8, 2 * PAGE, UINT32_MAX & ~7u, UINT32_MAX };
	struct state before;
	unsigned int i;
	char *arg;

	arg = calloc(2, PAGE);
	ASSERT_NE(NULL, arg);
	before = look(self->fd);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		good_argument(variant->cmd, self->base, arg, sizes[i]);
		EXPECT_EQ(-E2BIG, iok(self->target, variant->cmd, arg));
	}
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(every_ioctl, fails_with_efault_where_there_is_no_argument)
{
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char good[64] = "";
	struct state before;
	__u32 there;

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	before = look(self->fd);

	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd, NULL));
	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd, pages + PAGE));
	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd, (void *)-1L));
	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd, (void *)-64L));
	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd,
			       (void *)0xffff888000000000));

	/* Only the first bytes of the argument are accessible. */
	good_argument(variant->cmd, self->base, good, variant->size);
	for (there = 1; there < variant->size; there++) {
		memcpy(pages + PAGE - there, good, there);
		EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd,
				       pages + PAGE - there));
	}
	/* All bytes that the kernel knows are accessible, but fewer than the size says. */
	good_argument(variant->cmd, self->base, pages + PAGE - variant->size,
		      variant->size + 1);
	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd,
			       pages + PAGE - variant->size));
	good_argument(variant->cmd, self->base, pages + PAGE - variant->size,
		      PAGE);
	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd,
			       pages + PAGE - variant->size));
	EXPECT_UNCHANGED(before, self->fd);

	/* A correct size is all that was missing. */
	good_argument(variant->cmd, self->base, pages + PAGE - variant->size,
		      variant->size);
	EXPECT_EQ(0, iok(self->target, variant->cmd,
			 pages + PAGE - variant->size));
}

TEST_F(every_ioctl, changes_nothing_if_the_answer_cannot_be_written)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct state before;
	char *copy[1];
	int i;

	ASSERT_NE(MAP_FAILED, page);
	good_argument(variant->cmd, self->base, page, variant->size);
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	before = look(self->fd);

	if (!variant->answers) {
		/* These ioctls write no answer. */
		EXPECT_EQ(0, iok(self->target, variant->cmd, page));
		EXPECT_TRUE(has_worked(variant->cmd, self->fd, self->base,
				       page, &before));
		return;
	}
	for (i = 0; i < 20; i++)
		EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd, page));
	EXPECT_UNCHANGED(before, self->fd);
	EXPECT_EQ(1, references(self->fd, self->base, BUFFER_SIZE));
	EXPECT_EQ(0, references(self->fd, self->base + PAGE, PAGE));
	EXPECT_EQ(0, map(self->fd, 0, 0, 0, copy));
	EXPECT_EQ(self->base, copy[0]);
}

TEST_F(every_ioctl, refuses_every_bit_of_a_reserved_field)
{
	struct state before = look(self->fd);
	char arg[64] = "";
	int bit;

	if (variant->reserved < 0)
		SKIP(return, "it has no reserved field");
	for (bit = 0; bit < BITS; bit++) {
		good_argument(variant->cmd, self->base, arg, variant->size);
		*(__u32 *)(arg + variant->reserved) = 1u << bit;
		EXPECT_EQ(-EOPNOTSUPP, iok(self->target, variant->cmd, arg));
	}
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(every_ioctl, exists_only_on_the_right_file)
{
	int other = variant->on_device ? self->fd : self->dev;
	struct state before = look(self->fd);
	char arg[64] = "";

	good_argument(variant->cmd, self->base, arg, variant->size);
	EXPECT_EQ(-ENOTTY, iok(other, variant->cmd, arg));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(every_ioctl, is_known_by_its_whole_number)
{
	struct state before = look(self->fd);
	char arg[64] = "";
	int bit;

	good_argument(variant->cmd, self->base, arg, variant->size);
	/* Direction and size bits, as _IOW() and friends would set them. */
	for (bit = 16; bit < BITS; bit++)
		EXPECT_EQ(-ENOTTY, iok(self->target,
				       variant->cmd | 1ul << bit, arg));
	EXPECT_EQ(-ENOTTY, iok(self->target,
			       _IOC(_IOC_READ | _IOC_WRITE, IOKMEM_IOC_TYPE,
				    _IOC_NR(variant->cmd), variant->size), arg));
	/* Commands of another driver. */
	for (bit = 8; bit < 16; bit++)
		EXPECT_EQ(-ENOTTY, iok(self->target,
				       variant->cmd ^ 1ul << bit, arg));
	EXPECT_UNCHANGED(before, self->fd);
}

/* The device and a buffer as files. */
FIXTURE(files)
{
	int dev;
	int fd;
};

FIXTURE_SETUP(files)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, IOKMEM_DIRECTION_INOUT, BUFFER_SIZE, 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(files)
{
}

TEST_F(files, structures_are_as_their_first_version)
{
	/* Later programs rely on these values. */
	EXPECT_EQ(32, offsetof(struct iokmem_create_buffer, physical_mask));
	EXPECT_EQ(32, sizeof(struct iokmem_create_mapping));
	EXPECT_EQ(24, sizeof(struct iokmem_release_mapping));
	EXPECT_EQ(64, sizeof(struct iokmem_query_buffer));
	EXPECT_EQ(48, sizeof(struct iokmem_query_mapping));
	EXPECT_EQ(16, sizeof(struct iokmem_set_length));
	EXPECT_EQ(16, sizeof(struct iokmem_duplicate));
	EXPECT_EQ(0xbd00, IOKMEM_CREATE_BUFFER);
	EXPECT_EQ(0xbd06, IOKMEM_DUPLICATE);
	EXPECT_EQ(8, sizeof(struct iokmem_set_purgeable));
	EXPECT_EQ(24, sizeof(struct iokmem_get_page_counts));
	EXPECT_EQ(32, sizeof(struct iokmem_create_sub));
	EXPECT_EQ(24, sizeof(struct iokmem_create_multi));
	EXPECT_EQ(0xbd0a, IOKMEM_CREATE_MULTI);
	EXPECT_EQ(40, sizeof(struct iokmem_redirect_mapping));
	EXPECT_EQ(24, sizeof(struct iokmem_unmap));
	EXPECT_EQ(0xbd0c, IOKMEM_UNMAP);
	EXPECT_EQ(16, sizeof(struct iokmem_get_dma_buf));
	EXPECT_EQ(16, sizeof(struct iokmem_with_dma_buf));
	EXPECT_EQ(0xbd0e, IOKMEM_WITH_DMA_BUF);
	EXPECT_EQ(8, sizeof(struct iokmem_revoke));
	EXPECT_EQ(0xbd0f, IOKMEM_REVOKE);
}

TEST_F(files, unknown_ioctls_are_refused)
{
	struct state before = look(self->fd);
	char arg[64] = "";
	int nr;

	*(__u32 *)arg = sizeof(arg);
	for (nr = 0; nr < 256; nr++) {
		if (nr != _IOC_NR(IOKMEM_CREATE_BUFFER) &&
		    nr != _IOC_NR(IOKMEM_CREATE_MULTI) &&
		    nr != _IOC_NR(IOKMEM_WITH_DMA_BUF))
			EXPECT_EQ(-ENOTTY, iok(self->dev,
					       _IO(IOKMEM_IOC_TYPE, nr), arg));
		if (nr < _IOC_NR(IOKMEM_CREATE_MAPPING) ||
		    nr == _IOC_NR(IOKMEM_CREATE_MULTI) ||
		    nr == _IOC_NR(IOKMEM_WITH_DMA_BUF) || nr > _IOC_NR(IOKMEM_REVOKE))
			EXPECT_EQ(-ENOTTY, iok(self->fd,
					       _IO(IOKMEM_IOC_TYPE, nr), arg));
	}
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(files, device_is_for_its_owner_and_group)
{
	struct stat st;

	ASSERT_EQ(0, stat(DEVICE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0660, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
}

TEST_F(files, device_cannot_be_read_written_or_mapped)
{
	char byte = 0;

	EXPECT_ERRNO(EINVAL, read(self->dev, &byte, 1));
	EXPECT_ERRNO(EINVAL, write(self->dev, &byte, 1));
	EXPECT_ERRNO(ENODEV, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->dev, 0));
}

TEST_F(files, buffer_cannot_be_read_written_or_resized_as_a_file)
{
	struct state before = look(self->fd);
	int pipes[2];
	char byte = 1;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(1, write(pipes[1], &byte, 1));
	before = look(self->fd);
	EXPECT_ERRNO(EINVAL, read(self->fd, &byte, 1));
	EXPECT_ERRNO(EINVAL, write(self->fd, &byte, 1));
	EXPECT_ERRNO(EINVAL, ftruncate(self->fd, 0));
	EXPECT_NE(0, fallocate(self->fd, 0, 0, 10 * PAGE));
	EXPECT_GT(0, splice(pipes[0], NULL, self->fd, NULL, 1, 0));
	EXPECT_GT(0, splice(self->fd, NULL, pipes[1], NULL, 1, 0));
	EXPECT_UNCHANGED(before, self->fd);
}

/* Whoever locks one buffer must not keep others waiting. */
TEST_F(files, buffer_cannot_be_locked_as_a_file)
{
	struct flock lock = { .l_type = F_WRLCK };

	/* Every file can be unlocked, unless the kernel has no locks at all. */
	if (flock(self->dev, LOCK_UN))
		SKIP(return, "the kernel has no file locks");
	EXPECT_ERRNO(EOPNOTSUPP, flock(self->fd, LOCK_EX | LOCK_NB));
	EXPECT_ERRNO(EOPNOTSUPP, flock(self->fd, LOCK_UN));
	EXPECT_ERRNO(EOPNOTSUPP, fcntl(self->fd, F_SETLK, &lock));
	EXPECT_ERRNO(EOPNOTSUPP, fcntl(self->fd, F_GETLK, &lock));
	EXPECT_ERRNO(EOPNOTSUPP, fcntl(self->fd, F_OFD_SETLK, &lock));
}

/* Files of other buffers have the same inode. Even the administrator cannot change it. */
TEST_F(files, buffer_has_no_owner_and_mode_to_be_changed)
{
	struct timespec times[2] = {};
	struct stat before, after;

	ASSERT_EQ(0, fstat(self->fd, &before));
	EXPECT_ERRNO(EPERM, fchmod(self->fd, 0777));
	EXPECT_ERRNO(EPERM, fchown(self->fd, 1, 1));
	EXPECT_ERRNO(EPERM, futimens(self->fd, times));
	ASSERT_EQ(0, fstat(self->fd, &after));
	EXPECT_EQ(before.st_mode, after.st_mode);
	EXPECT_EQ(before.st_uid, after.st_uid);
	EXPECT_EQ(before.st_mtime, after.st_mtime);
}

TEST_F(files, fds_close_on_exec)
{
	int fd = duplicate(self->fd, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
}

TEST_F(files, every_buffer_has_a_number_of_its_own)
{
	int fd = create(self->dev, 0, PAGE, 0);
	int same = duplicate(self->fd, 0);

	ASSERT_LE(0, fd);
	ASSERT_LE(0, same);
	EXPECT_LT(0, buffer_id(self->fd));
	EXPECT_NE(buffer_id(self->fd), buffer_id(fd));
	EXPECT_EQ(buffer_id(self->fd), buffer_id(same));
}

TEST_F(files, without_a_free_fd_nothing_is_made)
{
	struct rlimit limit;
	struct state before;
	char *address;
	int spare;

	spare = dup(self->fd);
	ASSERT_LE(0, spare);
	close(spare);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = spare;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));

	/* look() needs file descriptors as well. */
	limit.rlim_cur = spare + 8;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	before = look(self->fd);
	limit.rlim_cur = spare;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, create(self->dev, 0, PAGE, 0));
	EXPECT_EQ(-EMFILE, create_mapped(self->dev, 0, PAGE, IOKMEM_MAP_ANYWHERE,
					 &address));
	EXPECT_EQ(-EMFILE, duplicate(self->fd, 0));
	EXPECT_EQ(-EMFILE, get_dma_buf(self->fd, 0));
	limit.rlim_cur = spare + 8;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_UNCHANGED(before, self->fd);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
