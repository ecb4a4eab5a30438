// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers that the suites share; see helpers.h.
 */
#include <linux/anon_inodes.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/kmod.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

#include "helpers.h"
#include "page/compat.h"

void need_memory_types(struct kunit *test)
{
	if (!entries_have_types())
		kunit_skip(test, "memory has no types on this machine");
}

unsigned long touch(unsigned long address)
{
	u8 byte;

	return copy_from_user(&byte, (u8 __user *)address, 1);
}

unsigned long pfn_of(struct iokmem_desc *desc, size_t offset)
{
	return iokmem_desc_lookup(desc, iokmem_desc_place(desc, offset) >> PAGE_SHIFT).pfn;
}

void attach_address_space(struct kunit *test)
{
	unsigned long address;

	/* KUnit creates the address space for the first mapping. */
	address = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
				MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, !address || IS_ERR_VALUE(address));
	KUNIT_ASSERT_NOT_NULL(test, current->mm);
}

/* Runs as the new process, before it becomes the program. */
static int remember_process(struct subprocess_info *info, struct cred *new)
{
	struct task_struct **task = info->data;

	*task = get_task_struct(current);
	return 0;
}

void kill_process(struct task_struct *task)
{
	int i;

	send_sig(SIGKILL, task, 1);
	for (i = 0; i < 250 && !(READ_ONCE(task->exit_state)); i++)
		msleep(20);
}

static void end_process(void *task)
{
	kill_process(task);
	put_task_struct(task);
}

struct task_struct *start_process(struct kunit *test)
{
	char sleep[] = "/bin/sleep", seconds[] = "1000", path[] = "PATH=/bin";
	char *argv[3] = { sleep, seconds };
	char *envp[2] = { path };
	struct task_struct *task = NULL;
	struct subprocess_info *info;
	int err;

	info = call_usermodehelper_setup(argv[0], argv, envp, GFP_KERNEL,
					 remember_process, NULL, &task);
	KUNIT_ASSERT_NOT_NULL(test, info);
	err = call_usermodehelper_exec(info, UMH_WAIT_EXEC);
	if (err) {
		if (task)
			put_task_struct(task);
		kunit_skip(test, "cannot run %s: %d", argv[0], err);
	}
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_process, task));
	return task;
}

static void put_buffer(void *desc)
{
	iokmem_desc_put(desc);
}

static void put_map(void *map)
{
	iokmem_map_put(map);
}

struct iokmem_desc *keep_desc(struct kunit *test, struct iokmem_desc *desc)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_buffer, desc));
	return desc;
}

struct iokmem_desc *buffer_with(struct kunit *test, struct task_struct *task,
				u32 options, size_t capacity, size_t alignment)
{
	return keep_desc(test, iokmem_buffer_in_task_with_options(task,
			 options | IOKMEM_DIRECTION_INOUT, capacity, alignment));
}

struct iokmem_desc *buffer(struct kunit *test, struct task_struct *task,
			   size_t capacity, size_t alignment)
{
	return buffer_with(test, task, 0, capacity, alignment);
}

struct iokmem_map *keep_map(struct kunit *test, struct iokmem_map *map)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_map, map));
	return map;
}

struct iokmem_map *map(struct kunit *test, struct iokmem_desc *desc,
		       struct task_struct *task, u32 options, size_t offset,
		       size_t length)
{
	return keep_map(test, iokmem_desc_create_mapping_in_task(desc, task, 0,
			options | IOKMEM_MAP_ANYWHERE, offset, length));
}

struct iokmem_map *placed(struct kunit *test, struct iokmem_desc *desc,
			  unsigned long at, size_t offset, size_t length)
{
	return keep_map(test, iokmem_desc_create_mapping_in_task(desc, current, at,
								 0, offset, length));
}

void put_map_now(struct kunit *test, struct iokmem_map *map)
{
	kunit_release_action(test, put_map, map);
}

void put_buffer_now(struct kunit *test, struct iokmem_desc *desc)
{
	kunit_release_action(test, put_buffer, desc);
}

int map_error(struct iokmem_desc *desc, struct task_struct *task,
	      unsigned long at, u32 options, size_t offset, size_t length)
{
	struct iokmem_map *map;

	map = iokmem_desc_create_mapping_in_task(desc, task, at, options, offset,
						 length);
	if (IS_ERR(map))
		return PTR_ERR(map);
	iokmem_map_put(map);
	return 0;
}

int buffer_error(u32 options, size_t capacity, size_t alignment)
{
	struct iokmem_desc *desc;

	desc = iokmem_buffer_in_task_with_options(NULL, options, capacity,
						  alignment);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

static bool is_listed(u64 id)
{
	struct iokmem_desc *desc = iokmem_desc_from(id);
	bool listed = desc && desc->id == id;

	if (desc)
		iokmem_desc_count_put(desc);
	return listed;
}

static int tell_release(struct inode *inode, struct file *file)
{
	complete(file->private_data);
	return 0;
}

static const struct file_operations telling_fops = {
	.owner		= THIS_MODULE,
	.release	= tell_release,
};

/*
 * The worker takes the files that have been put so far, the last one first, and then the
 * files that have been put meanwhile. So when it closes the second file here, it has closed
 * all that were put before the first.
 */
void settle_files(struct kunit *test)
{
	int i;

	for (i = 0; i < 2; i++) {
		DECLARE_COMPLETION_ONSTACK(told);
		struct file *file;

		file = anon_inode_getfile("iokmem-test", &telling_fops, &told, O_RDONLY);
		KUNIT_ASSERT_FALSE(test, IS_ERR(file));
		fput(file);
		wait_for_completion(&told);
	}
}

bool is_gone(u64 id)
{
	int i;

	/* The file of a VMA is closed a moment after the VMA. */
	for (i = 0; i < 100 && is_listed(id); i++) {
		flush_delayed_fput();
		msleep(20);
	}
	return !is_listed(id);
}

void refused_range_desc(const struct refused_range *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

u8 pattern(size_t offset)
{
	return (offset * 2654435761u) >> 13;
}

u8 *scratch(struct kunit *test, size_t length)
{
	u8 *bytes = kunit_kzalloc(test, length, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	return bytes;
}

void fill_pattern(struct iokmem_desc *desc)
{
	u8 *page = NULL;
	size_t offset;

	for (offset = 0; offset < desc->capacity; offset++) {
		if (!offset_in_page(offset))
			page = page_address(pfn_to_page(pfn_of(desc, offset)));
		page[offset_in_page(offset)] = pattern(offset);
	}
}

void fill_bytes(u8 *bytes, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		bytes[i] = pattern(i);
}

void write_pattern(struct kunit *test, struct iokmem_desc *desc)
{
	size_t length = iokmem_desc_get_length(desc);
	u8 *bytes = scratch(test, length);

	fill_bytes(bytes, length);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(desc, 0, bytes, length));
}

bool has_pattern(const u8 *bytes, size_t length, size_t first)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (bytes[i] != pattern(first + i))
			return false;
	return true;
}

bool user_has_pattern(unsigned long address, size_t length, size_t first)
{
	u8 bytes[256];
	size_t i, n;

	for (i = 0; i < length; i += n) {
		n = min(sizeof(bytes), length - i);
		if (copy_from_user(bytes, (u8 __user *)address + i, n) ||
		    !has_pattern(bytes, n, first + i))
			return false;
	}
	return true;
}

int write_line(const char *path, const char *line)
{
	struct file *file = filp_open(path, O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(file))
		return PTR_ERR(file);
	n = kernel_write(file, line, strlen(line), &pos);
	filp_close(file, NULL);
	return n < 0 ? n : 0;
}

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
IOKMEM_IMPORT_NS();
MODULE_DESCRIPTION("KUnit tests for iokmem");
MODULE_LICENSE("GPL");
