// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every ioctl does with its argument: sizes, addresses, reserved fields,
 * options, ranges. After an error nothing has changed.
 */
#include <stddef.h>

#include "iokmem_utils.h"

#include <sys/file.h>

#define BUFFER_SIZE	(3 * PAGE + 100)

/*
 * Every ioctl, with arguments that are fine: what is true of all.
 */
FIXTURE(every_ioctl)
{
	int dev;
	int fd;		/* a buffer */
	int target;	/* where the ioctl goes: one of them */
	char *base;	/* a map of it, with one reference */
};

FIXTURE_VARIANT(every_ioctl)
{
	unsigned long cmd;
	__u32 size;
	__u32 min_size;
	bool on_device;
	bool answers;
	int reserved;	/* offset of __reserved, or -1 */
	__u32 options;	/* of the buffer */
	__u32 map_options;	/* of one that is created */
};

FIXTURE_VARIANT_ADD(every_ioctl, create_buffer)
{
	.cmd = IOKMEM_CREATE_BUFFER,
	.size = 48,
	.min_size = 32,
	.on_device = true,
	.answers = true,
	.reserved = -1,
};

/* Whoever wants it mapped wants to know the address. */
FIXTURE_VARIANT_ADD(every_ioctl, create_buffer_mapped)
{
	.cmd = IOKMEM_CREATE_BUFFER,
	.size = 48,
	.min_size = 48,
	.on_device = true,
	.answers = true,
	.reserved = -1,
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
	.size = 56,
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

/* The members of the multi-descriptor that is a good argument. */
static __s32 members[2];
/* The dma-buf that is one. */
static __s32 dma_buf;
/* Of the buffer that is made. */
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

/* An argument that works, with @size as its size. */
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
	}
	arg.size = size;
	memcpy(to, &arg, used);
}

/* Has the ioctl done what the good argument asks for? For those that do something. */
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
		       buffer_id(((struct iokmem_with_dma_buf *)arg)->fd) ==
		       buffer_id(fd);
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
	/* The size is the caller's to set and stays. */
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
	const __u32 more[] = { 1, 4, 7, 8, 64, PAGE, 2 * PAGE + 1 };
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
		/* The kernel does not write what it does not know. */
		EXPECT_TRUE(is_zero(arg + variant->size, more[i]));
		free(arg);

		/* So that it can be done once more. */
		if (variant->cmd == IOKMEM_RELEASE_MAPPING)
			ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->base));
		if (variant->cmd == IOKMEM_CREATE_MAPPING)
			ASSERT_EQ(0, release(self->fd, self->base + PAGE, PAGE));
	}
}

TEST_F(every_ioctl, refuses_a_larger_structure_if_the_rest_is_not_zero)
{
	struct state before = look(self->fd);
	char arg[64 + 2 * PAGE];
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

	/* What lies behind the structure is not looked at. */
	memset(arg, 0xff, sizeof(arg));
	good_argument(variant->cmd, self->base, arg, variant->size);
	EXPECT_EQ(0, iok(self->target, variant->cmd, arg));
	EXPECT_TRUE(is_filled(arg + variant->size,
			      sizeof(arg) - variant->size, 0xff));
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

	/* Only its first bytes are there. */
	good_argument(variant->cmd, self->base, good, variant->size);
	for (there = 1; there < variant->size; there++) {
		memcpy(pages + PAGE - there, good, there);
		EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd,
				       pages + PAGE - there));
	}
	/* All that the kernel knows is there, what the size says besides is not. */
	good_argument(variant->cmd, self->base, pages + PAGE - variant->size,
		      variant->size + 1);
	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd,
			       pages + PAGE - variant->size));
	good_argument(variant->cmd, self->base, pages + PAGE - variant->size,
		      UINT32_MAX);
	EXPECT_EQ(-EFAULT, iok(self->target, variant->cmd,
			       pages + PAGE - variant->size));
	EXPECT_UNCHANGED(before, self->fd);

	/* And that it was only that. */
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
		/* They have nothing to write. */
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
	/* Another driver's. */
	for (bit = 8; bit < 16; bit++)
		EXPECT_EQ(-ENOTTY, iok(self->target,
				       variant->cmd ^ 1ul << bit, arg));
	EXPECT_UNCHANGED(before, self->fd);
}

/*
 * The two kinds of file.
 */
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
	/* Programs of any later day rely on these. */
	EXPECT_EQ(32, offsetof(struct iokmem_create_buffer, physical_mask));
	EXPECT_EQ(32, sizeof(struct iokmem_create_mapping));
	EXPECT_EQ(24, sizeof(struct iokmem_release_mapping));
	EXPECT_EQ(56, sizeof(struct iokmem_query_buffer));
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
		    nr > _IOC_NR(IOKMEM_GET_DMA_BUF))
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

/* Nor may who locks one buffer keep others waiting. */
TEST_F(files, buffer_cannot_be_locked_as_a_file)
{
	struct flock lock = { .l_type = F_WRLCK };

	/* Any file can be unlocked. */
	if (flock(self->dev, LOCK_UN))
		SKIP(return, "the kernel has no file locks");
	EXPECT_ERRNO(EOPNOTSUPP, flock(self->fd, LOCK_EX | LOCK_NB));
	EXPECT_ERRNO(EOPNOTSUPP, flock(self->fd, LOCK_UN));
	EXPECT_ERRNO(EOPNOTSUPP, fcntl(self->fd, F_SETLK, &lock));
	EXPECT_ERRNO(EOPNOTSUPP, fcntl(self->fd, F_GETLK, &lock));
	EXPECT_ERRNO(EOPNOTSUPP, fcntl(self->fd, F_OFD_SETLK, &lock));
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

	/* look() needs fds as well. */
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

/*
 * Making buffers.
 */
FIXTURE(create_buffer)
{
	int dev;
	struct state before;
};

FIXTURE_SETUP(create_buffer)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->before = look(-1);
}

FIXTURE_TEARDOWN(create_buffer)
{
}

TEST_F(create_buffer, query_tells_what_was_asked_for)
{
	static const __u32 options[] = {
		IOKMEM_DIRECTION_NONE, IOKMEM_DIRECTION_IN, IOKMEM_DIRECTION_OUT,
		IOKMEM_DIRECTION_INOUT,
		IOKMEM_DIRECTION_OUT | IOKMEM_MAP_COPYBACK_CACHE,
	};
	struct iokmem_query_buffer buffer;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		int fd = create(self->dev, options[i], 5 * PAGE + 1, 2);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, query(fd, &buffer));
		EXPECT_EQ(options[i], buffer.options);
		EXPECT_EQ(5 * PAGE + 1, buffer.capacity);
		EXPECT_EQ(5 * PAGE + 1, buffer.length);
		EXPECT_EQ(2, buffer.alignment);
		EXPECT_EQ(IOKMEM_MAP_COPYBACK_CACHE, buffer.cache_mode);
		EXPECT_LE(1, buffer.extents);
		EXPECT_GE(6, buffer.extents);
		EXPECT_EQ(0, buffer.maps);
		EXPECT_EQ(0, buffer.access);
		ASSERT_EQ(0, close(fd));
	}
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, memory_comes_in_few_extents)
{
	struct iokmem_query_buffer buffer;
	int fd = create(self->dev, 0, 8 * MIB, 0);

	/* 2048 if each page were on its own; fragmentation makes some more than 2. */
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_LE(1, buffer.extents);
	EXPECT_GE(64, buffer.extents);
}

TEST_F(create_buffer, unknown_options_are_refused)
{
	static const __u32 provided = IOKMEM_DIRECTION_MASK |
		IOKMEM_MAP_CACHE_MASK | IOKMEM_PHYSICALLY_CONTIGUOUS |
		IOKMEM_PAGEABLE | IOKMEM_PURGEABLE | IOKMEM_KERNEL_USER_SHARED;
	unsigned int i;
	__u32 mode;

	for (i = 0; i < BITS; i++) {
		if (1u << i & provided)
			continue;
		EXPECT_EQ(-EOPNOTSUPP, create(self->dev, 1u << i, PAGE, 0));
		/* Known ones beside it do not help. */
		EXPECT_EQ(-EOPNOTSUPP,
			  create(self->dev, 1u << i | IOKMEM_DIRECTION_INOUT |
				 IOKMEM_MAP_COPYBACK_CACHE, PAGE, 0));
	}
	for (mode = 10; mode < 16; mode++)
		EXPECT_EQ(-EOPNOTSUPP, create(self->dev, mode << IOKMEM_MAP_CACHE_SHIFT,
					      PAGE, 0));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, capacity_of_zero_is_refused)
{
	EXPECT_EQ(-EINVAL, create(self->dev, 0, 0, 0));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, capacity_that_wraps_is_refused)
{
	EXPECT_EQ(-EOVERFLOW, create(self->dev, 0, UINT64_MAX, 0));
	EXPECT_EQ(-EOVERFLOW, create(self->dev, 0, UINT64_MAX - PAGE + 2, 0));
	/* The largest that does not is only too much. */
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, UINT64_MAX - PAGE + 1, 0));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, capacity_beyond_all_memory_is_refused_at_once)
{
	double start = now();
	long total = memory("MemTotal:");

	ASSERT_LT(0, total);
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, total + PAGE, 0));
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, 1ull << 40, 0));
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, 1ull << 62, 0));
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, 1ull << 63, 4 * MIB));
	/* Squeezing everybody out first would take longer. */
	EXPECT_GT(1.0, now() - start);
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, capacity_is_exact_and_at_least_one_byte)
{
	const __u64 capacities[] = { 1, PAGE - 1, PAGE, PAGE + 1 };
	struct iokmem_query_buffer buffer;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(capacities); i++) {
		int fd = create(self->dev, 0, capacities[i], 0);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, query(fd, &buffer));
		EXPECT_EQ(capacities[i], buffer.capacity);
		EXPECT_EQ(capacities[i], buffer.length);
		EXPECT_EQ(-ERANGE, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0,
					   capacities[i] + 1));
		close(fd);
	}
}

TEST_F(create_buffer, alignment_that_is_no_power_of_two_is_refused)
{
	const __u64 alignments[] = {
		3, 5, 6, 7, 12, PAGE - 1, PAGE + 1, 3 * PAGE, 3 * MIB,
		4 * MIB - 1, UINT64_MAX, UINT64_MAX - 1, 3ull << 62,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(alignments); i++)
		EXPECT_EQ(-EINVAL, create(self->dev, 0, PAGE, alignments[i]));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, alignment_larger_than_all_memory_is_refused)
{
	__u64 alignment;

	for (alignment = 1ull << 40; alignment; alignment <<= 1)
		EXPECT_EQ(-ERANGE, create(self->dev, 0, PAGE, alignment));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, alignment_of_zero_means_one)
{
	struct iokmem_query_buffer buffer;
	int fd = create(self->dev, 0, PAGE, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(1, buffer.alignment);
}

/* Maps of the whole buffer lie at multiples of the alignment, however made. */
static void expect_aligned(struct __test_metadata *_metadata, int fd,
			   __u64 capacity, __u64 alignment)
{
	char *filler, *address, *again;

	/* So that aligned addresses are not what comes next anyway. */
	filler = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, filler);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	EXPECT_EQ(0, (uintptr_t)address & (alignment - 1));
	ASSERT_EQ(0, map(fd, IOKMEM_MAP_UNIQUE, 0, 0, &again));
	EXPECT_EQ(0, (uintptr_t)again & (alignment - 1));
	EXPECT_NE(address, again);
	ASSERT_EQ(0, release(fd, again, capacity));
	ASSERT_EQ(0, release(fd, address, capacity));

	address = mmap(NULL, capacity, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, address);
	EXPECT_EQ(0, (uintptr_t)address & (alignment - 1));
	ASSERT_EQ(0, munmap(address, capacity));
}

TEST_F(create_buffer, alignment_is_honoured_in_the_address)
{
	static const __u64 capacities[] = { 1, 64 * KIB, 5 * MIB + 1 };
	struct iokmem_query_buffer buffer;
	__u64 alignment;
	unsigned int i;

	for (alignment = 1; alignment <= 4 * MIB; alignment <<= 1) {
		for (i = 0; i < ARRAY_SIZE(capacities); i++) {
			int fd = create(self->dev, 0, capacities[i], alignment);

			/* 64 blocks of 4 MiB are not to be had for ever. */
			ASSERT_LE(0, fd);
			ASSERT_EQ(0, query(fd, &buffer));
			EXPECT_EQ(alignment, buffer.alignment);
			expect_aligned(_metadata, fd, capacities[i], alignment);
			close(fd);
		}
	}
}

TEST_F(create_buffer, alignment_holds_where_mmap_gets_a_hint_it_cannot_follow)
{
	int fd = create(self->dev, 0, 64 * KIB, MIB);
	char *taken, *address;

	ASSERT_LE(0, fd);
	taken = find_hole(PAGE, 2 * MIB);
	ASSERT_EQ(taken, mmap(taken, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED |
			      MAP_ANONYMOUS, -1, 0));
	/* The address is the kernel's choice, then. */
	address = mmap(taken, 64 * KIB, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, address);
	EXPECT_NE(taken, address);
	EXPECT_EQ(0, (uintptr_t)address & (MIB - 1));
}

/*
 * Which part of a buffer to map, and where.
 */
FIXTURE(create_mapping)
{
	int fd;
	struct state before;
};

FIXTURE_SETUP(create_mapping)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	self->before = look(self->fd);
}

FIXTURE_TEARDOWN(create_mapping)
{
}

TEST_F(create_mapping, length_zero_means_the_whole_length)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = IOKMEM_MAP_ANYWHERE,
	};

	ASSERT_EQ(0, iok(self->fd, IOKMEM_CREATE_MAPPING, &arg));
	EXPECT_EQ(BUFFER_SIZE, arg.length);
	ASSERT_EQ(0, set_length(self->fd, PAGE + 7));
	arg.address = 0;
	arg.length = 0;
	ASSERT_EQ(0, iok(self->fd, IOKMEM_CREATE_MAPPING, &arg));
	EXPECT_EQ(PAGE + 7, arg.length);
}

TEST_F(create_mapping, offset_without_length_is_refused)
{
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 1, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, PAGE, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
				   BUFFER_SIZE, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
				   UINT64_MAX, 0));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, range_that_wraps_is_refused)
{
	const __u64 ranges[][2] = {
		{ 1, UINT64_MAX }, { UINT64_MAX, 1 }, { UINT64_MAX, UINT64_MAX },
		{ PAGE, UINT64_MAX - PAGE + 1 }, { UINT64_MAX - PAGE + 1, PAGE },
		{ 1ull << 63, 1ull << 63 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		EXPECT_EQ(-EOVERFLOW, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
					      ranges[i][0], ranges[i][1]));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, range_past_the_end_is_refused)
{
	const __u64 ranges[][2] = {
		{ 0, BUFFER_SIZE + 1 }, { 1, BUFFER_SIZE }, { BUFFER_SIZE, 1 },
		{ BUFFER_SIZE - 1, 2 }, { BUFFER_SIZE + 1, 1 },
		/* Still in the last page, which is the buffer's. */
		{ 0, 4 * PAGE }, { 3 * PAGE, PAGE },
		{ 0, UINT64_MAX }, { UINT64_MAX - 1, 1 }, { 1ull << 63, 1 },
		{ 1ull << 32, 1 }, { 0, 1ull << 32 }, { 1ull << 44, PAGE },
	};
	char *address;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
					   ranges[i][0], ranges[i][1]));
	EXPECT_UNCHANGED(self->before, self->fd);
	/* Its last byte is not past it. */
	EXPECT_EQ(0, map(self->fd, 0, BUFFER_SIZE - 1, 1, &address));
	EXPECT_EQ(99, (uintptr_t)address % PAGE);
}

TEST_F(create_mapping, mmap_range_past_the_end_is_refused)
{
	struct state before;
	char *address;

	/* Whole pages, so up to the end of the last one. */
	address = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, self->fd, 0);
	EXPECT_NE(MAP_FAILED, address);
	before = look(self->fd);
	EXPECT_ERRNO(ERANGE, mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED,
				  self->fd, 0));
	EXPECT_ERRNO(ERANGE, mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED,
				  self->fd, PAGE));
	EXPECT_ERRNO(ERANGE, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
				  self->fd, 4 * PAGE));
	EXPECT_ERRNO(ERANGE, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				  1l << 62));
	EXPECT_ERRNO(EOVERFLOW, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED,
				     self->fd, -PAGE));
	ASSERT_EQ(0, set_length(self->fd, PAGE));
	EXPECT_ERRNO(ERANGE, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED,
				  self->fd, 0));
	ASSERT_EQ(0, set_length(self->fd, BUFFER_SIZE));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(create_mapping, unknown_and_unprovided_options_are_refused)
{
	static const __u32 provided = IOKMEM_MAP_ANYWHERE |
		IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_REFERENCE | IOKMEM_MAP_UNIQUE |
		IOKMEM_MAP_PREFAULT | IOKMEM_MAP_OVERWRITE | IOKMEM_MAP_PINNABLE |
		IOKMEM_MAP_GUARDED_MASK | IOKMEM_MAP_CACHE_MASK;
	unsigned int i;
	__u32 mode;

	for (i = 0; i < BITS; i++)
		if (!(1u << i & provided))
			EXPECT_EQ(-EOPNOTSUPP,
				  try_map(self->fd, IOKMEM_MAP_ANYWHERE |
					  1u << i, 0, 0, 0));
	for (mode = 10; mode < 16; mode++)
		EXPECT_EQ(-EOPNOTSUPP,
			  try_map(self->fd, IOKMEM_MAP_ANYWHERE |
				  mode << IOKMEM_MAP_CACHE_SHIFT, 0, 0, 0));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, provided_options_work)
{
	static const __u32 options[] = {
		0, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_UNIQUE,
		IOKMEM_MAP_COPYBACK_CACHE,
		IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE | IOKMEM_MAP_COPYBACK_CACHE,
		IOKMEM_MAP_PREFAULT, IOKMEM_MAP_PINNABLE,
		IOKMEM_MAP_GUARDED_SMALL, IOKMEM_MAP_GUARDED_LARGE,
		IOKMEM_MAP_PINNABLE | IOKMEM_MAP_GUARDED_LARGE | IOKMEM_MAP_PREFAULT |
		IOKMEM_MAP_READ_ONLY,
	};
	struct iokmem_query_mapping info;
	unsigned int i;
	char *address;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		ASSERT_EQ(0, map(self->fd, options[i], PAGE + 5, 10, &address));
		ASSERT_EQ(0, query_map(self->fd, address, 10, &info));
		EXPECT_EQ(options[i] | IOKMEM_MAP_ANYWHERE, info.options);
		EXPECT_EQ((uintptr_t)address, info.address);
		EXPECT_EQ(10, info.length);
		EXPECT_EQ(PAGE + 5, info.offset);
		EXPECT_EQ(1, info.references);
		EXPECT_EQ(IOKMEM_MAP_COPYBACK_CACHE, info.cache_mode);
		ASSERT_EQ(0, release(self->fd, address, 10));
	}
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, options_that_contradict_are_refused)
{
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE |
				   IOKMEM_MAP_UNIQUE | IOKMEM_MAP_REFERENCE,
				   0, 0, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, PAGE, 0, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 1, 0, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE,
				   (uintptr_t)find_hole(BUFFER_SIZE, PAGE), 0, 0));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, fixed_address_is_taken)
{
	char *hole = find_hole(4 * PAGE, PAGE), *address;

	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole, 0, 0, &address));
	EXPECT_EQ(hole, address);
	EXPECT_TRUE(can_write(address + BUFFER_SIZE - 1));
	ASSERT_EQ(0, release(self->fd, address, BUFFER_SIZE));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, fixed_address_is_of_the_page_or_of_the_first_byte)
{
	char *hole = find_hole(4 * PAGE, PAGE), *address;

	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole, PAGE + 9, 20, &address));
	EXPECT_EQ(hole + 9, address);
	ASSERT_EQ(0, release(self->fd, address, 20));
	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole + 9, PAGE + 9, 20,
			    &address));
	EXPECT_EQ(hole + 9, address);
	/* The two name the same map. */
	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole, PAGE + 9, 20, &address));
	EXPECT_EQ(hole + 9, address);
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_EQ(2, references(self->fd, address, 20));
}

TEST_F(create_mapping, fixed_address_that_is_unaligned_is_refused)
{
	uintptr_t hole = (uintptr_t)find_hole(4 * PAGE, PAGE);
	unsigned int in_page;

	for (in_page = 1; in_page < PAGE; in_page++) {
		EXPECT_EQ(-EINVAL, try_map(self->fd, 0, hole + in_page, 0, 0));
		if (in_page != 9)
			EXPECT_EQ(-EINVAL, try_map(self->fd, 0, hole + in_page,
						   PAGE + 9, 20));
	}
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, fixed_address_that_nobody_can_use_is_refused)
{
	const __u64 addresses[] = {
		0, 1ull << 56, (1ull << 56) - PAGE, 1ull << 63,
		0xffff800000000000, 0xffff888000000000, 0xffffffff81000000,
		0xffffffffff600000, UINT64_MAX - 4 * PAGE + 1,
		/* These wrap with the length. */
		UINT64_MAX - PAGE + 1, UINT64_MAX - 3 * PAGE + 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, addresses[i], 0, 0));
	/* In page zero, where the first byte would be. */
	EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, 9, PAGE + 9, 20));
	EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, 0, PAGE + 9, 20));
	EXPECT_UNCHANGED(self->before, self->fd);
}

/* Of what the administrator keeps programs from (vm.mmap_min_addr). */
static int map_low_unprivileged(void *arg)
{
	int fd = *(int *)arg, err;

	CHILD_EXPECT(!setresuid(65534, 65534, 65534));
	err = try_map(fd, 0, PAGE, 0, 0);
	if (err != -EADDRNOTAVAIL)
		fprintf(stderr, "# at the address of page 1: %s\n", strerror(-err));
	CHILD_EXPECT(err == -EADDRNOTAVAIL);
	return 0;
}

TEST_F(create_mapping, fixed_address_below_what_is_allowed_is_refused)
{
	if (read_number("/proc/sys/vm/mmap_min_addr") <= (long)PAGE)
		SKIP(return, "vm.mmap_min_addr allows everything");
	EXPECT_EQ(0, run_child(map_low_unprivileged, &self->fd));
}

TEST_F(create_mapping, fixed_address_where_something_is_mapped_is_refused)
{
	char *area = find_hole(16 * PAGE, PAGE), *occupant = area + 6 * PAGE;
	char on_stack = 42;
	int page;

	ASSERT_EQ(occupant, mmap(occupant, 2 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(occupant, 0x5a, 2 * PAGE);
	self->before = look(self->fd);

	/* Overlapping it by one page and by more, from below and from above. */
	for (page = 3; page <= 7; page++)
		EXPECT_EQ(-EEXIST, try_map(self->fd, 0,
					   (uintptr_t)(area + page * PAGE), 0, 0));
	/* One page within. */
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)occupant, 0, 1));
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)&on_stack & -PAGE, 0, 1));
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)&self->fd & -PAGE, 0, 1));
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0,
				   (uintptr_t)&map_low_unprivileged & -PAGE, 0, 1));
	EXPECT_UNCHANGED(self->before, self->fd);
	EXPECT_TRUE(is_filled(occupant, 2 * PAGE, 0x5a));
	EXPECT_TRUE(can_write(occupant));
	EXPECT_EQ(42, on_stack);

	/* Just beside it there is room. */
	EXPECT_EQ(0, try_map(self->fd, 0, (uintptr_t)(area + 2 * PAGE), 0, 0));
	EXPECT_EQ(0, try_map(self->fd, IOKMEM_MAP_UNIQUE,
			     (uintptr_t)(area + 8 * PAGE), 0, 0));
	EXPECT_TRUE(is_filled(occupant, 2 * PAGE, 0x5a));
}

TEST_F(create_mapping, fixed_address_where_another_buffer_is_mapped_is_refused)
{
	int other = new_buffer(BUFFER_SIZE);
	char *address;

	ASSERT_EQ(0, map(other, 0, 0, 0, &address));
	memset(address, 0x5a, 4 * PAGE);
	self->before = look(self->fd);
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)address, 0, 0));
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)address + PAGE, 0, 1));
	EXPECT_UNCHANGED(self->before, self->fd);
	EXPECT_TRUE(is_filled(address, 4 * PAGE, 0x5a));
	EXPECT_EQ(1, references(other, address, BUFFER_SIZE));
}

TEST_F(create_mapping, no_room_in_the_address_space_is_enomem)
{
	struct rlimit limit = { .rlim_cur = 0, .rlim_max = RLIM_INFINITY };
	char *address;

	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	EXPECT_EQ(-ENOMEM, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_ERRNO(ENOMEM, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_UNCHANGED(self->before, self->fd);
	limit.rlim_cur = RLIM_INFINITY;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	EXPECT_EQ(0, map(self->fd, 0, 0, 0, &address));
}

/* All that a process maps from now on shall be locked, and it may lock nothing. */
static int map_where_all_is_locked(void *arg)
{
	struct rlimit limit = { .rlim_cur = 0, .rlim_max = 0 };
	int fd = *(int *)arg, err;

	CHILD_EXPECT(!mlockall(MCL_FUTURE));
	CHILD_EXPECT(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHILD_EXPECT(!setresuid(65534, 65534, 65534));
	err = try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0);
	CHILD_EXPECT(err == -EAGAIN);
	CHILD_EXPECT(nr_maps(fd) == 0);
	/* It is the locking that there is no room for. */
	CHILD_EXPECT(!munlockall());
	CHILD_EXPECT(!try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	return 0;
}

TEST_F(create_mapping, that_would_be_locked_beyond_the_limit_is_eagain)
{
	EXPECT_EQ(0, run_child(map_where_all_is_locked, &self->fd));
}

/*
 * Changing the length, and handing out file descriptors.
 */
FIXTURE(set_length)
{
	int fd;
};

FIXTURE_SETUP(set_length)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(set_length)
{
}

TEST_F(set_length, is_bounded_by_the_capacity)
{
	struct state before = look(self->fd);
	struct iokmem_query_buffer buffer;

	EXPECT_EQ(-EINVAL, set_length(self->fd, BUFFER_SIZE + 1));
	EXPECT_EQ(-EINVAL, set_length(self->fd, 4 * PAGE));
	EXPECT_EQ(-EINVAL, set_length(self->fd, UINT64_MAX));
	EXPECT_EQ(-EINVAL, set_length(self->fd, (1ull << 32) + 1));
	EXPECT_UNCHANGED(before, self->fd);

	EXPECT_EQ(0, set_length(self->fd, 1));
	ASSERT_EQ(0, query(self->fd, &buffer));
	EXPECT_EQ(1, buffer.length);
	EXPECT_EQ(BUFFER_SIZE, buffer.capacity);
	EXPECT_EQ(0, set_length(self->fd, BUFFER_SIZE));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(set_length, to_zero_leaves_nothing_to_map)
{
	struct state before;

	ASSERT_EQ(0, set_length(self->fd, 0));
	before = look(self->fd);
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 1));
	EXPECT_ERRNO(ERANGE, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(set_length, bounds_new_maps_and_leaves_old_ones_alone)
{
	char *whole, *part;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &whole));
	number_pages(whole, BUFFER_SIZE);
	ASSERT_EQ(0, set_length(self->fd, PAGE));

	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, PAGE + 1));
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, PAGE, 1));
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0,
				   BUFFER_SIZE));
	EXPECT_TRUE(pages_are_numbered(whole, BUFFER_SIZE, 0));
	EXPECT_TRUE(can_write(whole + BUFFER_SIZE - 1));
	EXPECT_EQ(1, references(self->fd, whole, BUFFER_SIZE));

	/* The whole of the shorter buffer lies inside the old map. */
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &part));
	EXPECT_EQ(whole, part);
	EXPECT_EQ(1, references(self->fd, part, PAGE));
	EXPECT_EQ(0, release(self->fd, whole, BUFFER_SIZE));
	EXPECT_EQ(0, release(self->fd, part, PAGE));

	/* What it had before is there when it is long again. */
	ASSERT_EQ(0, set_length(self->fd, BUFFER_SIZE));
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &whole));
	EXPECT_TRUE(pages_are_numbered(whole, BUFFER_SIZE, 0));
}

FIXTURE(duplicate)
{
	int fd;
};

FIXTURE_SETUP(duplicate)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(duplicate)
{
}

TEST_F(duplicate, refuses_unknown_flags)
{
	struct state before = look(self->fd);
	int bit;

	for (bit = 0; bit < BITS; bit++)
		if (1u << bit != IOKMEM_FD_READ_ONLY)
			EXPECT_EQ(-EOPNOTSUPP, duplicate(self->fd, 1u << bit));
	EXPECT_EQ(-EOPNOTSUPP, duplicate(self->fd, UINT32_MAX));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(duplicate, has_the_rights_asked_for_and_never_more)
{
	struct iokmem_query_buffer buffer;
	int same = duplicate(self->fd, 0);
	int read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	int again, still;

	ASSERT_LE(0, same);
	ASSERT_LE(0, read_only);
	ASSERT_EQ(0, query(same, &buffer));
	EXPECT_EQ(0, buffer.access);
	ASSERT_EQ(0, query(read_only, &buffer));
	EXPECT_EQ(IOKMEM_FD_READ_ONLY, buffer.access);
	EXPECT_EQ(O_RDONLY, fcntl(read_only, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(O_RDWR, fcntl(same, F_GETFL) & O_ACCMODE);

	again = duplicate(read_only, 0);
	still = duplicate(read_only, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, again);
	ASSERT_LE(0, still);
	ASSERT_EQ(0, query(again, &buffer));
	EXPECT_EQ(IOKMEM_FD_READ_ONLY, buffer.access);
	ASSERT_EQ(0, query(still, &buffer));
	EXPECT_EQ(IOKMEM_FD_READ_ONLY, buffer.access);
}

TEST_F(duplicate, keeps_the_buffer)
{
	long long id = buffer_id(self->fd);
	int fd = duplicate(self->fd, 0);
	char *address;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(is_listed(id));
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	EXPECT_TRUE(can_write(address));
	ASSERT_EQ(0, release(fd, address, BUFFER_SIZE));
	ASSERT_EQ(0, close(fd));
	EXPECT_FALSE(is_listed(id));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
