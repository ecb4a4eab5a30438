// SPDX-License-Identifier: GPL-2.0
/*
 * mmap() of a file of a descriptor's: the program gets a Unique mapping, which is its
 * task's own.
 *
 * Called with the mmap lock held for writing, so nothing here waits.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/personality.h>

#include "map/map.h"
#include "map/vma.h"
#include "page/compat.h"

/* Check that the VMA shows whole pages of the first @length bytes. */
static int check_range(const struct iokmem_desc *desc, struct vm_area_struct *vma,
		       size_t length)
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
 * Give the VMA no more rights than the file has. It may be of another driver's file, which
 * forwards mmap() here.
 */
static int check_rights(struct vm_area_struct *vma, const struct file *file)
{
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	/* The kernel adds it by itself for programs of this personality. */
	if ((vma->vm_flags & VM_EXEC) && !(current->personality & READ_IMPLIES_EXEC))
		return -EPERM;
	if (file->f_mode & FMODE_WRITE)
		return 0;
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	vm_flags_clear(vma, VM_MAYWRITE);
	return 0;
}

/*
 * Give the VMA a file of the mapping's own, which does not keep the descriptor: the mapping
 * may be redirected. A dma-buf that holds the memory is kept by the backing.
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
	vma->vm_pgoff = iokmem_vma_pgoff(desc, mapping->backing.offset, 0);
	vma_set_file(vma, own);
	fput(own);
	return 0;
}

/* List the mapping, as its task's own, and bind it to the VMA. */
static int claim(struct vm_area_struct *vma, struct iokmem_mapping *mapping,
		 struct file *file, bool of_dma_buf)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	int err;

	mutex_lock(&desc->lock);
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
	/* There is no VMA, and no entry. */
	mutex_lock(&desc->lock);
	iokmem_mapping_kill(mapping);
	mutex_unlock(&desc->lock);
	iokmem_mapping_end(mapping, false);
	return err;
}

/*
 * iokmem_mmap_vma - map the first @length bytes of a descriptor, as ->mmap() of @file
 *
 * @file is one of the descriptor's, whatever file @vma is of so far. @of_dma_buf: it
 * is a dma-buf's, so as long as there is the file, the memory is held, and user tasks may
 * map it. Other memory that has to be held cannot be mapped in this way, since holding it
 * may need the mmap lock.
 *
 * Or this is the module's own vm_mmap(), see vma.c, and the VMA is left unclaimed.
 */
int iokmem_mmap_vma(struct iokmem_desc *desc, struct file *file,
		    struct vm_area_struct *vma, size_t length, bool of_dma_buf)
{
	struct iokmem_map_request request = {
		.mm = vma->vm_mm,
		.task = current,
		.options = IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE,
		.length = vma->vm_end - vma->vm_start,
	};
	struct iokmem_mapping *mapping;
	int err;

	mmap_assert_write_locked(vma->vm_mm);

	err = check_rights(vma, file);
	if (err)
		return err;
	if (vma->vm_pgoff & IOKMEM_PGOFF_UNCLAIMED) {
		vma->vm_pgoff &= IOKMEM_PLACE_MASK;
		iokmem_vma_init(vma);
		return 0;
	}
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

	mapping = iokmem_mapping_alloc(&request);
	if (!mapping)
		return -ENOMEM;
	err = claim(vma, mapping, file, of_dma_buf);
	iokmem_mapping_put(mapping);
	return err;
}

/*
 * iokmem_get_unmapped_area - choose an address for a mapping, as ->get_unmapped_area() of
 * a file of @desc
 */
unsigned long iokmem_get_unmapped_area(struct iokmem_desc *desc, struct file *file,
				       unsigned long addr, unsigned long len,
				       unsigned long pgoff, unsigned long flags)
{
	size_t offset = 0;

	/* Then the place is one in the memory itself. */
	if (pgoff & IOKMEM_PGOFF_UNCLAIMED)
		desc = iokmem_desc_root(desc, &offset);
	return iokmem_aligned_area(file, addr, len, pgoff, flags,
				   iokmem_preferred_alignment(desc, len),
				   (pgoff & IOKMEM_PLACE_MASK) << PAGE_SHIFT);
}
