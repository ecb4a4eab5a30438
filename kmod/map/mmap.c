// SPDX-License-Identifier: GPL-2.0
/*
 * mmap() of a file of a descriptor. The program gets a Unique mapping, to which its task
 * has the reference.
 *
 * The mmap lock is held for writing, so nothing here may wait.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/personality.h>

#include "map/map.h"
#include "map/vma.h"
#include "page/compat.h"
#include "trace.h"

/* Check that the VMA shows whole pages of the first @length bytes. */
static int check_range(struct iokmem_desc *desc, struct vm_area_struct *vma, size_t length)
{
	unsigned long end;

	if (check_add_overflow(vma->vm_pgoff, vma_pages(vma), &end))
		return -EOVERFLOW;
	if (end > PAGE_ALIGN(length) >> PAGE_SHIFT)
		return -ERANGE;
	if (desc->skew || !iokmem_owns_pages(desc, vma->vm_pgoff << PAGE_SHIFT,
					     vma->vm_end - vma->vm_start))
		return -EACCES;
	return 0;
}

/*
 * Limit the VMA's rights to reading if @read_only. The VMA may be of another file, of a driver
 * that forwards mmap() here, so the kernel has not checked them.
 */
static int check_rights(struct vm_area_struct *vma, bool read_only)
{
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	/* For programs of this personality the kernel itself adds VM_EXEC. */
	if ((vma->vm_flags & VM_EXEC) && !(current->personality & READ_IMPLIES_EXEC))
		return -EPERM;
	if (!read_only)
		return 0;
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	vm_flags_clear(vma, VM_MAYWRITE);
	return 0;
}

/*
 * Give the VMA a file of the mapping's own. The program's file would keep the descriptor,
 * even after the mapping is redirected. The backing keeps a dma-buf that holds the memory.
 */
static int set_file(struct vm_area_struct *vma, struct iokmem_mapping *mapping,
		    struct file *file, bool of_dma_buf)
{
	const struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	struct file *own = iokmem_vma_file(mapping);

	if (IS_ERR(own))
		return PTR_ERR(own);
	if (of_dma_buf && !iokmem_desc_is_always_there(desc) && !iokmem_desc_is_paged(desc))
		mapping->backing.keeper = get_file(file);
	vma->vm_pgoff = iokmem_vma_pgoff(&mapping->backing, 0);
	vma_set_file(vma, own);
	fput(own);
	return 0;
}

/* Check that the memory can be listed for such a mapping as it is now. */
static int check_state(struct iokmem_desc *desc, u32 options)
{
	int err = iokmem_desc_check_revoked(desc);

	lockdep_assert_held(&desc->lock);

	if (err || !(options & IOKMEM_MAP_PINNABLE))
		return err;
	/* The mode may be another one afterwards, and nothing may wait here. */
	return desc->retyping ? -EBUSY : iokmem_desc_check_pinnable(desc);
}

/* List the mapping, with a reference of its task, and bind it to the VMA. */
static int claim(struct vm_area_struct *vma, struct iokmem_mapping *mapping,
		 struct file *file, bool of_dma_buf)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	int err;

	mutex_lock(&desc->lock);
	err = check_state(desc, mapping->options);
	if (err) {
		mutex_unlock(&desc->lock);
		return err;
	}
	iokmem_mapping_list(mapping);
	iokmem_map_use(&mapping->whole);
	mapping->whole.task_refs = 1;
	mutex_unlock(&desc->lock);

	err = set_file(vma, mapping, file, of_dma_buf);
	if (!err) {
		iokmem_vma_init(vma);
		err = iokmem_vma_claim(vma, mapping);
	}
	if (!err)
		return 0;
	/* The mapping has neither a VMA nor entries. */
	mutex_lock(&desc->lock);
	iokmem_mapping_kill(mapping);
	mutex_unlock(&desc->lock);
	iokmem_mapping_end(mapping, false);
	return err;
}

/*
 * Map the first @length bytes. @file, which is of a dma-buf if @of_dma_buf, keeps @desc.
 * @options: 0 or %IOKMEM_MAP_PINNABLE.
 */
static int mmap_desc(struct iokmem_desc *desc, struct file *file, struct vm_area_struct *vma,
		     size_t length, u32 options, bool of_dma_buf)
{
	struct iokmem_map_request request = {
		.mm = vma->vm_mm,
		.task = current,
		.options = options | IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE,
		.length = vma->vm_end - vma->vm_start,
	};
	struct iokmem_mapping *mapping;
	int err;

	err = check_range(desc, vma, length);
	if (err)
		return err;
	if (!(vma->vm_flags & VM_MAYWRITE))
		request.options |= IOKMEM_MAP_READ_ONLY;
	request.offset = vma->vm_pgoff << PAGE_SHIFT;
	request.desc = iokmem_desc_root(desc, &request.offset);
	if (!of_dma_buf && !iokmem_desc_is_always_there(request.desc) &&
	    !iokmem_desc_is_paged(request.desc))
		return -EOPNOTSUPP;

	mapping = iokmem_mapping_alloc(&request, false);
	if (!mapping)
		return -ENOMEM;
	err = claim(vma, mapping, file, of_dma_buf);
	iokmem_mapping_put(mapping);
	return err;
}

/*
 * iokmem_mmap_vma - serve ->mmap() of @file for the first @length bytes of a descriptor
 *
 * @file is a file of the descriptor. @vma may be of another file so far. @options: 0 or
 * %IOKMEM_MAP_PINNABLE. @of_dma_buf: @file
 * is a dma-buf's. Such a file holds the memory as long as it exists, and user tasks may map
 * the memory. Other memory that has to be held cannot be mapped by mmap(), since holding it
 * may need the mmap lock.
 *
 * If the call is the module's own vm_mmap() (see vma.c), the VMA is left unclaimed.
 */
int iokmem_mmap_vma(struct iokmem_desc *desc, struct file *file,
		    struct vm_area_struct *vma, size_t length, u32 options, bool of_dma_buf)
{
	int err;

	mmap_assert_write_locked(vma->vm_mm);

	err = check_rights(vma, !(file->f_mode & FMODE_WRITE));
	if (!err && vma->vm_pgoff & IOKMEM_PGOFF_UNCLAIMED) {
		vma->vm_pgoff &= IOKMEM_PLACE_MASK;
		iokmem_vma_init(vma);
		return 0;
	}
	if (!err)
		err = mmap_desc(desc, file, vma, length, options, of_dma_buf);
	if (err)
		trace_iokmem_refuse("mmap", desc->id, err);
	return err;
}

/**
 * iokmem_desc_mmap - serve ->mmap() of a driver's own file
 * @desc: the descriptor
 * @vma: what ->mmap() was given; its offset is in bytes of @desc's memory
 * @options: %IOKMEM_MAP_READ_ONLY: the program cannot write the memory, now or later;
 *	%IOKMEM_MAP_PINNABLE: the map is of pages that the kernel can pin, for direct I/O; or 0
 *
 * The program gets a Unique map, as by mmap() of a file that iokmem_desc_get_file() made. The map
 * keeps @desc, and ends with munmap() or a revoke. It does not keep the driver's file nor the
 * driver: a driver that must not be outlived revokes the descriptor (iokmem_desc_revoke()).
 *
 * Context: ->mmap() of a file, with the mmap lock held for writing.
 * Return: 0, or a negative error for ->mmap() to return:
 *
 * * -EOPNOTSUPP: @options has other bits; memory that has to be held to be mapped: a range of
 *   addresses, a dma-buf, or a multi-descriptor; it can be mapped with
 *   iokmem_desc_create_mapping_in_task(). %IOKMEM_MAP_PINNABLE, and the memory is not a wired
 *   buffer, or not copyback
 * * -EBUSY: %IOKMEM_MAP_PINNABLE, while the memory is given another cache mode
 * * -EINVAL: a private mapping (MAP_PRIVATE)
 * * -EPERM: an executable mapping
 * * -EACCES: a writable mapping with %IOKMEM_MAP_READ_ONLY, or of memory that @desc may only read;
 *   a part of a page whose rest is not @desc's
 * * -EOVERFLOW, -ERANGE: the mapping passes the end of @desc
 * * -ENODEV: the memory has been revoked
 * * -ENOMEM: no memory, or too many maps
 */
int iokmem_desc_mmap(struct iokmem_desc *desc, struct vm_area_struct *vma, u32 options)
{
	int err;

	mmap_assert_write_locked(vma->vm_mm);

	if (options & ~(IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_PINNABLE))
		return -EOPNOTSUPP;
	err = check_rights(vma, desc->read_only || options & IOKMEM_MAP_READ_ONLY);
	if (!err)
		err = mmap_desc(desc, vma->vm_file, vma, iokmem_desc_get_length(desc),
				options & IOKMEM_MAP_PINNABLE, false);
	if (err)
		trace_iokmem_refuse("mmap", desc->id, err);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_mmap, IOKMEM_NS);

/*
 * iokmem_get_unmapped_area - serve ->get_unmapped_area() of a file of @desc
 */
unsigned long iokmem_get_unmapped_area(struct iokmem_desc *desc, struct file *file,
				       unsigned long addr, unsigned long len,
				       unsigned long pgoff, unsigned long flags)
{
	/* The module's own vm_mmap() passes the first page's index in the memory itself. */
	if (pgoff & IOKMEM_PGOFF_UNCLAIMED)
		desc = iokmem_desc_owner(desc);
	return iokmem_aligned_area(file, addr, len, pgoff, flags,
				   iokmem_preferred_alignment(desc, len),
				   (pgoff & IOKMEM_PLACE_MASK) << PAGE_SHIFT);
}
