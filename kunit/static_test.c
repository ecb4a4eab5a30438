// SPDX-License-Identifier: GPL-2.0
/*
 * Static maps, holders of maps, and the scoped form: for drivers only.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kinds.h"

#define READ_ONLY	IOKMEM_MAP_READ_ONLY

/* Map the pages of a buffer of SZ_64K into the kernel without iokmem. */
static void *map_by_hand(struct kunit *test, struct iokmem_desc *desc)
{
	unsigned long i, nr = SZ_64K >> PAGE_SHIFT;
	struct page **pages = kunit_kmalloc_array(test, nr, sizeof(*pages), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < nr; i++)
		pages[i] = pfn_to_page(pfn_of(desc, i << PAGE_SHIFT));
	return vmap(pages, nr, VM_MAP, PAGE_KERNEL);
}

static int record_error(struct iokmem_desc *desc, struct task_struct *task,
			unsigned long address, u32 options)
{
	struct iokmem_map *m = iokmem_desc_set_mapping(desc, task, address, options);

	if (IS_ERR(m))
		return PTR_ERR(m);
	iokmem_map_put(m);
	return 0;
}

static void static_kernel_map_is_recorded_and_shared(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	void *address = map_by_hand(test, desc);
	struct iokmem_map *m, *other, *inside;

	KUNIT_ASSERT_NOT_NULL(test, address);
	m = keep_map(test, iokmem_desc_set_mapping(desc, IOKMEM_KERNEL_TASK,
						   (unsigned long)address, 0));
	KUNIT_EXPECT_EQ(test, (unsigned long)address, address_of(m));
	KUNIT_EXPECT_EQ(test, SZ_64K, iokmem_map_get_length(m));
	other = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, m, other);
	inside = map(test, desc, IOKMEM_KERNEL_TASK, 0, PAGE_SIZE, 100);
	KUNIT_EXPECT_EQ(test, (unsigned long)address + PAGE_SIZE,
			address_of(inside));
	put_map_now(test, inside);
	put_map_now(test, other);
	put_map_now(test, m);
	/* Putting the map has not unmapped the addresses. */
	KUNIT_EXPECT_EQ(test, 0, *(u8 *)address);
	vunmap(address);
}

static void static_map_that_is_not_there_is_refused(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *other = buffer(test, IOKMEM_KERNEL_TASK, SZ_64K, 0);
	void *wrong = iokmem_buffer_get_bytes_no_copy(other);
	void *gone = map_by_hand(test, desc);

	KUNIT_ASSERT_NOT_NULL(test, gone);
	vunmap(gone);
	KUNIT_EXPECT_EQ(test, -ENXIO, record_error(desc, IOKMEM_KERNEL_TASK,
						   (unsigned long)wrong, 0));
	KUNIT_EXPECT_EQ(test, -EFAULT, record_error(desc, IOKMEM_KERNEL_TASK,
						    (unsigned long)gone, 0));
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL, record_error(desc, IOKMEM_KERNEL_TASK,
							   -PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, record_error(desc, IOKMEM_KERNEL_TASK,
						    (unsigned long)wrong + 1, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, record_error(desc, IOKMEM_KERNEL_TASK,
						    (unsigned long)wrong,
						    IOKMEM_MAP_ANYWHERE));
	KUNIT_EXPECT_EQ(test, -EINVAL, record_error(desc, IOKMEM_KERNEL_TASK,
						    (unsigned long)wrong,
						    IOKMEM_MAP_UNIQUE));
	KUNIT_EXPECT_EQ(test, -EINVAL, record_error(desc, IOKMEM_KERNEL_TASK,
						    (unsigned long)wrong,
						    IOKMEM_MAP_PREFAULT));
	/* All pages are checked: behind the last page there is other memory. */
	KUNIT_EXPECT_EQ(test, -ENXIO,
			map_error(other, IOKMEM_KERNEL_TASK,
				  (unsigned long)wrong + PAGE_SIZE,
				  IOKMEM_MAP_STATIC, 0, SZ_64K - PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_mapped);
}

static void static_map_that_has_ended_is_not_shared(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	void *address = map_by_hand(test, desc);
	struct iokmem_map *m, *other;

	KUNIT_ASSERT_NOT_NULL(test, address);
	m = keep_map(test, iokmem_desc_set_mapping(desc, IOKMEM_KERNEL_TASK,
						   (unsigned long)address, 0));
	vunmap(address);
	other = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_PTR_NE(test, m, other);
	KUNIT_EXPECT_EQ(test, 0, *(u8 *)address_of(other));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(m));
}

static void static_user_map_is_recorded_and_shared(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *there, *m, *other;
	unsigned long address;

	attach_address_space(test);
	/* A Unique map provides addresses that no request shares unless they are recorded. */
	there = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	address = address_of(there);
	m = keep_map(test, iokmem_desc_set_mapping(desc, current, address, 0));
	other = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, m, other);
	KUNIT_EXPECT_EQ(test, address, address_of(other));
	put_map_now(test, other);
	put_map_now(test, there);
	/* The recorded mapping no longer shows the memory, so it is not shared. */
	other = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_PTR_NE(test, m, other);
	KUNIT_EXPECT_EQ(test, 0UL, touch(address_of(other)));
}

static void static_user_map_has_the_rights_that_are_there(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *there;

	attach_address_space(test);
	there = map(test, desc, current, IOKMEM_MAP_UNIQUE | READ_ONLY, 0, 0);
	KUNIT_EXPECT_EQ(test, -EACCES, record_error(desc, current, address_of(there), 0));
	KUNIT_EXPECT_EQ(test, 0, record_error(desc, current, address_of(there), READ_ONLY));
	KUNIT_EXPECT_EQ(test, -EFAULT, record_error(desc, current, SZ_1G, READ_ONLY));
	KUNIT_EXPECT_EQ(test, -ENXIO, record_error(desc, current,
						   user_memory(test, SZ_64K, false), 0));
}

static void static_map_of_physical_memory(struct kunit *test)
{
	struct iokmem_desc *desc;
	void __iomem *io;

	need_reserved(test);
	desc = iokmem_desc_with_physical_address(RESERVED_START, SZ_64K,
						 IOKMEM_DIRECTION_INOUT);
	keep_desc(test, desc);
	io = ioremap(RESERVED_START, SZ_64K);
	KUNIT_ASSERT_TRUE(test, io);
	KUNIT_EXPECT_EQ(test, 0, record_error(desc, IOKMEM_KERNEL_TASK,
					      (unsigned long)io, 0));
	iounmap(io);
	KUNIT_EXPECT_EQ(test, -EFAULT, record_error(desc, IOKMEM_KERNEL_TASK,
						    (unsigned long)io, 0));
}

static void static_map_of_coherent_memory_is_refused(struct kunit *test)
{
	struct iokmem_desc *desc = keep_desc(test,
		iokmem_buffer_coherent(device(test), IOKMEM_DIRECTION_INOUT, SZ_64K));
	void *bytes = iokmem_buffer_get_bytes_no_copy(desc);

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, record_error(desc, IOKMEM_KERNEL_TASK,
							(unsigned long)bytes, 0));
}

/* A holder that counts how often it is told, and reads @address then. */
struct told {
	struct iokmem_map *map;
	void *address;
	int times;
	int seen;
};

static void be_told(void *data)
{
	struct told *told = data;

	told->times++;
	if (told->address)
		told->seen = READ_ONCE(*(u8 *)told->address);
}

static const struct iokmem_holder_ops told_ops = {
	.revoke	= be_told,
};

static void holder_is_told_before_kernel_addresses_go(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_holder one, two, inside;
	struct told first = { .seen = -1 }, second = {}, third = {};
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, READ_ONLY, 0, 0);
	struct iokmem_map *sub = map(test, desc, IOKMEM_KERNEL_TASK, READ_ONLY, PAGE_SIZE, 5);

	first.address = (void *)address_of(m);
	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&one, m, &told_ops, &first));
	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&two, m, &told_ops, &second));
	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&inside, sub, &told_ops, &third));
	/* A holder that has been removed is not told. */
	iokmem_holder_remove(&two);

	KUNIT_EXPECT_EQ(test, 0, iokmem_map_unmap(m));
	KUNIT_EXPECT_EQ(test, 1, first.times);
	KUNIT_EXPECT_EQ(test, 0, first.seen);
	KUNIT_EXPECT_EQ(test, 0, second.times);
	KUNIT_EXPECT_EQ(test, 1, third.times);
	/* The map is revoked already. */
	KUNIT_EXPECT_EQ(test, -ENOENT, iokmem_holder_add(&two, m, &told_ops, &second));
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_unmap(m));
	iokmem_holder_remove(&one);
	iokmem_holder_remove(&inside);
	KUNIT_EXPECT_EQ(test, 1, first.times);
}

static void holder_is_told_when_the_task_unmaps(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct task_struct *task = start_process(test);
	struct iokmem_map *m = map(test, desc, task, 0, 0, 0);
	struct told told = {};
	struct iokmem_holder holder;
	int i;

	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&holder, m, &told_ops, &told));
	kill_process(task);
	for (i = 0; i < 250 && !READ_ONCE(told.times); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, 1, told.times);
	iokmem_holder_remove(&holder);
}

/*
 * Map all of a descriptor by its file, as a program does, so that the VMA is of that file.
 * Return a driver's reference to the map.
 */
static struct iokmem_map *map_by_file(struct kunit *test, struct iokmem_desc *desc,
				      struct file *file)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = IOKMEM_MAP_ANYWHERE,
	};
	unsigned long place = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				      MAP_ANONYMOUS | MAP_PRIVATE, 0);
	struct vm_area_struct *vma;
	struct iokmem_map *m;

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(place));
	KUNIT_ASSERT_EQ(test, 0UL, copy_to_user((void __user *)place, &arg, sizeof(arg)));
	KUNIT_ASSERT_EQ(test, 0L, file->f_op->unlocked_ioctl(file, IOKMEM_CREATE_MAPPING,
							     place));
	vm_munmap(place, PAGE_SIZE);
	m = iokmem_desc_create_mapping_in_task(desc, current, 0, IOKMEM_MAP_REFERENCE |
					       IOKMEM_MAP_ANYWHERE, 0, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(m));
	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, address_of(m));
	KUNIT_EXPECT_TRUE(test, vma && vma->vm_file == file);
	mmap_read_unlock(current->mm);
	return m;
}

static void holder_is_told_when_the_program_unmaps_what_it_mapped(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct file *file = iokmem_desc_get_file(desc, 0);
	struct told told = {};
	struct iokmem_holder holder;
	struct iokmem_map *m;
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	attach_address_space(test);
	m = map_by_file(test, desc, file);
	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&holder, m, &told_ops, &told));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address_of(m), SZ_64K));
	for (i = 0; i < 250 && !READ_ONCE(told.times); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, 1, told.times);
	iokmem_holder_remove(&holder);
	iokmem_map_put(m);
	fput(file);
}

/* A worker may have to tell the holders and also drop the last reference. */
static void holder_that_leaves_as_the_program_unmaps_may_let_go(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct file *file = iokmem_desc_get_file(desc, 0);
	u64 id = desc->id;
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	attach_address_space(test);
	for (i = 0; i < 100; i++) {
		struct iokmem_map *m = map_by_file(test, desc, file);
		struct told told = {};
		struct iokmem_holder holder;

		KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&holder, m, &told_ops, &told));
		KUNIT_ASSERT_EQ(test, 0, vm_munmap(address_of(m), SZ_64K));
		iokmem_holder_remove(&holder);
		KUNIT_EXPECT_GE(test, 1, told.times);
		iokmem_map_put_async(m);
	}
	fput(file);
	/* A map that was leaked would keep the memory. */
	put_buffer_now(test, desc);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

static void holder_that_left_may_let_go(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, READ_ONLY, 0, 0);
	struct iokmem_holder holder;
	struct told told = {};

	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&holder, m, &told_ops, &told));
	iokmem_holder_remove(&holder);
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, 0, told.times);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_mapped);
}

static int fill_it(void *address, size_t length, void *data)
{
	memset(address, *(int *)data, length);
	return length;
}

static int refuse_it(void *address, size_t length, void *data)
{
	return -EPROTO;
}

static void scoped_map_lasts_for_the_call(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	u8 bytes[2] = {};
	int value = 0x3c;

	KUNIT_EXPECT_EQ(test, 100, iokmem_desc_with_mapping(desc, 0, PAGE_SIZE, 100, fill_it,
							    &value));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_read_bytes(desc, PAGE_SIZE + 99, bytes, 2));
	KUNIT_EXPECT_EQ(test, 0x3c, bytes[0]);
	KUNIT_EXPECT_EQ(test, 0, bytes[1]);
	/* The result of the call is returned, or the error that kept it from being called. */
	KUNIT_EXPECT_EQ(test, -EPROTO, iokmem_desc_with_mapping(desc, 0, 0, 0, refuse_it, NULL));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_desc_with_mapping(desc, 0, 1, SZ_64K, fill_it,
								&value));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&desc->users));
}

static void holder_is_told_when_a_static_map_is_not_there(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	void *address = map_by_hand(test, desc);
	struct iokmem_holder holder;
	struct told told = {};
	struct iokmem_map *m;

	KUNIT_ASSERT_NOT_NULL(test, address);
	m = keep_map(test, iokmem_desc_set_mapping(desc, IOKMEM_KERNEL_TASK,
						   (unsigned long)address, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&holder, m, &told_ops, &told));
	vunmap(address);
	/* The next request, which would share the mapping, finds that it does not exist. */
	map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, told.times);
	iokmem_holder_remove(&holder);
}

static struct kunit_case static_cases[] = {
	KUNIT_CASE(static_kernel_map_is_recorded_and_shared),
	KUNIT_CASE(static_map_that_is_not_there_is_refused),
	KUNIT_CASE(static_map_that_has_ended_is_not_shared),
	KUNIT_CASE(static_user_map_is_recorded_and_shared),
	KUNIT_CASE(static_user_map_has_the_rights_that_are_there),
	KUNIT_CASE(static_map_of_physical_memory),
	KUNIT_CASE(static_map_of_coherent_memory_is_refused),
	KUNIT_CASE(holder_is_told_before_kernel_addresses_go),
	KUNIT_CASE(holder_is_told_when_the_task_unmaps),
	KUNIT_CASE(holder_is_told_when_the_program_unmaps_what_it_mapped),
	KUNIT_CASE(holder_that_leaves_as_the_program_unmaps_may_let_go),
	KUNIT_CASE(holder_that_left_may_let_go),
	KUNIT_CASE(holder_is_told_when_a_static_map_is_not_there),
	KUNIT_CASE(scoped_map_lasts_for_the_call),
	{}
};

static struct kunit_suite static_suite = {
	.name = "iokmem_static",
	.test_cases = static_cases,
};

kunit_test_suite(static_suite);
