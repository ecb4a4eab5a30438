// SPDX-License-Identifier: GPL-2.0
/*
 * The VMAs of user mappings: how a mapping gets one, and how it loses it.
 *
 * A VMA's private data is a counted reference to its mapping. Making a VMA and binding a
 * mapping to it are two steps:
 *
 *  1. vm_mmap() of a file, at an offset that is reserved for this, makes an *unclaimed*
 *     VMA, which has the module's vm_ops but no mapping and no entries. Touching it is
 *     SIGBUS.
 *  2. With the mmap lock held for writing, *claiming* looks up the VMA at that address, and
 *     binds the mapping to it. If the program has unmapped or replaced the VMA meanwhile,
 *     the request fails.
 *
 * A program's own mmap() of the descriptor's file claims in ->mmap() (mmap.c), and so does a kind
 * of memory that fills VMAs itself.
 *
 * The module never unmaps addresses unless the program asks it to, because the program may
 * have put something else there. In any other case the mapping is zapped, and its empty VMA
 * stays, *vacant*, until the program unmaps it. The next mapping of the descriptor that
 * fits into the VMA claims it. So a driver that maps a buffer again and again does not fill
 * the address space.
 *
 * A VMA can be neither split nor moved, so a mapping has exactly one VMA or none. A child
 * does not inherit the VMA. The VMA is never executable, and a read-only one cannot be made
 * writable.
 *
 * The VMA's file only provides a name and an inode. The kernel finds counted pages by the
 * inode, so mappings of counted pages have an inode that no other mappings are on.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pkeys.h>
#include <linux/rbtree.h>
#include <linux/sched/mm.h>

#include "map/map.h"
#include "map/vma.h"
#include "memory/addresses.h"
#include "page/address_space.h"
#include "page/cache.h"
#include "page/compat.h"

#define vacant_of(rb)	rb_entry(rb, struct iokmem_mapping, by_maker)

/* A newer one comes before older ones of the same descriptor. */
static bool vacant_is_before(struct rb_node *new, const struct rb_node *old)
{
	return vacant_of(new)->made_of <= vacant_of(old)->made_of;
}

static int vacant_cmp(const void *made_of, const struct rb_node *vacant)
{
	u64 id = *(const u64 *)made_of, other = vacant_of(vacant)->made_of;

	return id == other ? 0 : id < other ? -1 : 1;
}

static void vacant_add(struct iokmem_mapping *mapping)
{
	mmap_assert_write_locked(mapping->mm);

	mapping->vacant = true;
	rb_add(&mapping->by_maker, &mapping->whole.space->vacant, vacant_is_before);
}

/*
 * Remove a vacant mapping from the tree. The caller must put the VMA's count.
 *
 * munmap() may have downgraded the mmap lock, but nobody else can have it for writing then.
 */
static void vacant_remove(struct iokmem_mapping *mapping)
{
	rb_erase(&mapping->by_maker, &mapping->whole.space->vacant);
	mapping->vacant = false;
	WRITE_ONCE(mapping->bound, false);
}

/*
 * Detach a copy of a VMA from the mapping. mremap() is about to fail, and removes its copy
 * again. fork() copies only VMAs without VM_IO, which are those that can be pinned; the
 * child's copy never gets entries.
 */
static void vma_open(struct vm_area_struct *vma)
{
	struct iokmem_mapping *mapping = vma->vm_private_data;

	if (mapping && vma->vm_mm != mapping->mm)
		vm_flags_set(vma, VM_WIPEONFORK);
	vma->vm_private_data = NULL;
}

/* Called with the mmap lock held. No lookup finds the VMA any more. */
static void vma_close(struct vm_area_struct *vma)
{
	struct iokmem_mapping *mapping = vma->vm_private_data;

	if (!mapping)
		return;
	vma->vm_private_data = NULL;
	if (mapping->vacant) {
		vacant_remove(mapping);
		iokmem_mapping_put(mapping);
		return;
	}
	/* The kernel calls this before it removes the entries of a failed mmap(). */
	if (iokmem_desc_fills_vma(iokmem_mapping_desc(mapping)) &&
	    !iokmem_vma_has_pages(vma))
		zap_special_vma_range(vma, vma->vm_start, vma->vm_end - vma->vm_start);
	iokmem_mapping_closed(mapping);
}

static int vma_may_split(struct vm_area_struct *vma, unsigned long address)
{
	return -EINVAL;
}

static int vma_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct iokmem_vm_ops = {
	.open		= vma_open,
	.close		= vma_close,
	.may_split	= vma_may_split,
	.mremap		= vma_mremap,
	.fault		= iokmem_vma_fault,
	.access		= iokmem_vma_access,
};

static bool is_ours(const struct vm_area_struct *vma)
{
	return vma && (vma->vm_ops == &iokmem_vm_ops || iokmem_vma_is_adopted(vma));
}

/* Return the mapping of one of the module's VMAs, or NULL if it is unclaimed. */
static struct iokmem_mapping *mapping_of(const struct vm_area_struct *vma)
{
	return iokmem_vma_is_adopted(vma) ? iokmem_adopted_mapping(vma) : vma->vm_private_data;
}

/*
 * iokmem_mapping_vma - return the VMA of a mapping, or NULL if it has none
 */
struct vm_area_struct *iokmem_mapping_vma(const struct iokmem_mapping *mapping)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(mapping->mm);

	vma = vma_lookup(mapping->mm, mapping->start);
	return is_ours(vma) && mapping_of(vma) == mapping ? vma : NULL;
}

/*
 * iokmem_mapping_at - return the mapping of @desc in @mm at @address, or NULL
 *
 * A redirected mapping is also found by the descriptor that it was made of. Caller must
 * hold the mmap lock, which keeps the mapping and its backing.
 */
struct iokmem_mapping *iokmem_mapping_at(struct mm_struct *mm, unsigned long address,
					 const struct iokmem_desc *desc)
{
	struct iokmem_mapping *mapping;
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);

	vma = vma_lookup(mm, address);
	mapping = is_ours(vma) ? mapping_of(vma) : NULL;
	if (!mapping || mapping->vacant)
		return NULL;
	return mapping->backing.desc == desc || mapping->made_of == desc->id ? mapping : NULL;
}

/*
 * Find out what @mapping shows at @address. Its VMA is there and not vacant. The mmap lock keeps
 * the backing.
 */
static int find_shown(struct iokmem_mapping *mapping, unsigned long address,
		      struct iokmem_shown *shown)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	unsigned long end = iokmem_mapping_end_address(mapping);
	size_t ahead = address - iokmem_mapping_first_byte(mapping), offset;
	int err;

	/* The first page may have bytes before the mapping, for which @ahead wraps. */
	offset = mapping->backing.offset + ahead;
	if (address < mapping->start || address >= end || offset >= desc->capacity)
		return -EFAULT;
	mutex_lock(&desc->lock);
	err = iokmem_desc_check_revoked(desc);
	if (!err)
		err = mapping->state == IOKMEM_MAPPING_LIVE ? iokmem_desc_get_found(desc) : -ENXIO;
	mutex_unlock(&desc->lock);
	if (err)
		return err;
	shown->desc = desc;
	shown->offset = offset;
	shown->end = min(end, address + (desc->capacity - offset));
	return 0;
}

static int find_in_vma(const struct vm_area_struct *vma, unsigned long address,
		       struct iokmem_shown *shown)
{
	struct iokmem_mapping *mapping = mapping_of(vma);

	/* A killed mapping may have put its descriptor. */
	if (!mapping || mapping->vacant || READ_ONCE(mapping->state) == IOKMEM_MAPPING_KILLED)
		return -ENXIO;
	if (iokmem_mapping_is_blocked(mapping))
		return -EBUSY;
	if (!(vma->vm_flags & (VM_READ | VM_WRITE)))
		return -EACCES;
	shown->read_only = !(vma->vm_flags & VM_WRITE);
	return find_shown(mapping, address, shown);
}

/*
 * iokmem_vma_find_shown - find out what a program sees at @address: see iokmem_find_shown
 */
int iokmem_vma_find_shown(struct mm_struct *mm, unsigned long address,
			  struct iokmem_shown *shown)
{
	struct vm_area_struct *vma;
	int err = 0;

	if (iokmem_mmap_is_locked_by_me(mm))
		return -EDEADLK;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	*shown = (struct iokmem_shown){ .start = address, .end = ULONG_MAX };
	vma = find_vma(mm, address);
	if (vma && address < vma->vm_start)
		shown->end = vma->vm_start;
	else if (is_ours(vma))
		err = find_in_vma(vma, address, shown);
	else if (vma)
		shown->end = vma->vm_end;
	mmap_read_unlock(mm);
	return err;
}

/*
 * iokmem_vma_pgoff - return vm_pgoff for a VMA that shows @backing, with @guard pages before it
 *
 * The value matters only for a file that has the pages: the kernel finds the pages of a
 * VMA by it, and the VMAs of a page.
 */
pgoff_t iokmem_vma_pgoff(const struct iokmem_backing *backing, unsigned long guard)
{
	unsigned long lead = iokmem_desc_map_lead(backing->desc);
	pgoff_t index = backing->place >> PAGE_SHIFT;

	return lead ? index + lead - guard : index;
}

/*
 * iokmem_vma_is_paged_by - return true if @desc finds the pages of @vma one by one
 *
 * @pgoff is where a VMA of the memory that @vma is to show starts in the file of @desc.
 */
bool iokmem_vma_is_paged_by(const struct vm_area_struct *vma,
			    const struct iokmem_desc *desc, pgoff_t pgoff)
{
	return iokmem_desc_is_paged(desc) && vma->vm_pgoff == pgoff &&
	       file_inode(vma->vm_file) == iokmem_desc_map_inode(desc);
}

/*
 * iokmem_vma_zap - remove all entries of a VMA
 *
 * Entries of counted pages are also removed from other mappings of the memory, where
 * faults make them again.
 */
void iokmem_vma_zap(struct vm_area_struct *vma)
{
	size_t size = vma->vm_end - vma->vm_start;

	mmap_assert_write_locked(vma->vm_mm);

	if (iokmem_vma_has_pages(vma))
		unmap_mapping_range(vma->vm_file->f_mapping,
				    (loff_t)vma->vm_pgoff << PAGE_SHIFT, size, 1);
	else
		zap_special_vma_range(vma, vma->vm_start, size);
}

/*
 * iokmem_vma_show - prepare an empty VMA for entries of its mapping's memory
 */
void iokmem_vma_show(struct vm_area_struct *vma, vm_flags_t flags)
{
	const struct iokmem_mapping *mapping = vma->vm_private_data;
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	mmap_assert_write_locked(vma->vm_mm);

	vm_flags_mod(vma, flags, (VM_PFNMAP | VM_MIXEDMAP) & ~flags);
	vma->vm_page_prot = iokmem_cache_prot(iokmem_desc_get_cache_mode(desc),
					      iokmem_desc_is_typed(desc),
					      vm_get_page_prot(vma->vm_flags));
}

/*
 * iokmem_vma_init - make a new VMA, which no lookup finds yet, an unclaimed one
 *
 * VM_IO keeps its pages from being pinned, and MADV_DOFORK from clearing VM_DONTCOPY.
 */
void iokmem_vma_init(struct vm_area_struct *vma)
{
	vm_flags_mod(vma, IOKMEM_VMA_FLAGS | VM_PFNMAP, VM_EXEC | VM_MAYEXEC);
	vma->vm_ops = &iokmem_vm_ops;
	vma->vm_private_data = NULL;
}

/* Have the kind fill an unclaimed VMA. After an error it may have entries. */
static int fill(struct vm_area_struct *vma, struct iokmem_mapping *mapping)
{
	int ret;

	vm_flags_clear(vma, VM_PFNMAP);
	vma->vm_page_prot = iokmem_prot_marked(vm_get_page_prot(vma->vm_flags), vma->vm_flags);
	ret = iokmem_desc_fill_vma(iokmem_mapping_desc(mapping), vma);
	vm_flags_set(vma, IOKMEM_VMA_FLAGS);
	if (ret == IOKMEM_FILLED_BY_OTHERS)
		ret = iokmem_vma_adopt(vma, mapping, &iokmem_vm_ops);
	else if (!ret)
		vma->vm_private_data = mapping;
	return ret;
}

/*
 * Bind a mapping to an unclaimed VMA, which gets a count of the mapping. A kind that fills
 * VMAs itself does that now. Return 0 or an error of the kind, after which the VMA may have
 * entries: the kernel removes those of a VMA whose ->mmap() fails.
 */
static int bind(struct vm_area_struct *vma, struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	pgoff_t pgoff = iokmem_vma_pgoff(&mapping->backing, mapping->guard);
	vm_flags_t flags = VM_PFNMAP;
	int err;

	mmap_assert_write_locked(vma->vm_mm);

	mapping->start = vma->vm_start + (mapping->guard << PAGE_SHIFT);
	if (iokmem_desc_fills_vma(desc)) {
		err = fill(vma, mapping);
		if (err)
			return err;
	} else {
		if (mapping->options & IOKMEM_MAP_PINNABLE) {
			vm_flags_clear(vma, VM_IO);
			flags = iokmem_pinnable_flags(mapping);
		} else if (iokmem_vma_is_paged_by(vma, desc, pgoff)) {
			flags = 0;
		}
		vma->vm_private_data = mapping;
		iokmem_vma_show(vma, flags);
	}
	kref_get(&mapping->count);
	return 0;
}

/* Return true if the mapping may have entries of counted pages. */
static bool may_have_pages(const struct iokmem_mapping *mapping)
{
	const struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	return mapping->options & IOKMEM_MAP_PINNABLE || iokmem_desc_fills_vma(desc) ||
	       iokmem_desc_is_paged(desc);
}

/*
 * iokmem_preferred_alignment - return the alignment for the address of a user mapping
 *
 * The address of the memory's first page is aligned, not that of the mapping. The descriptor
 * promises an alignment, and huge entries need one.
 */
unsigned long iokmem_preferred_alignment(const struct iokmem_desc *desc, unsigned long len)
{
	unsigned long align = max_t(unsigned long, desc->alignment, PAGE_SIZE);

	if (IOKMEM_HUGE_ENTRIES && len >= PMD_SIZE)
		align = max(align, PMD_SIZE);
	return align;
}

/* Return true if the program has not changed the protection of the VMA of a mapping. */
static bool is_protected_as_made(struct vm_area_struct *vma,
				 const struct iokmem_mapping *mapping)
{
	bool writable = !(mapping->options & IOKMEM_MAP_READ_ONLY);

	return (vma->vm_flags & VM_ACCESS_FLAGS) == (writable ? VM_READ | VM_WRITE : VM_READ) &&
	       !vma_pkey(vma);
}

/* Return true if @mapping fits into the VMA of @vacant, at @at unless that is 0. */
static bool vacant_suits(const struct iokmem_mapping *vacant,
			 const struct iokmem_mapping *mapping, unsigned long at)
{
	const struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	struct vm_area_struct *vma = iokmem_mapping_vma(vacant);
	size_t size = iokmem_mapping_vma_size(mapping);

	if (!vma || vma->vm_end - vma->vm_start != size || iokmem_vma_is_adopted(vma) ||
	    (vacant->options ^ mapping->options) & IOKMEM_MAP_EQUAL ||
	    !is_protected_as_made(vma, mapping))
		return false;
	if (at)
		return at == vacant->start;
	if (may_have_pages(mapping) &&
	    vma->vm_pgoff != iokmem_vma_pgoff(&mapping->backing, mapping->guard))
		return false;
	return IS_ALIGNED((vacant->start - mapping->backing.place) & PAGE_MASK,
			  iokmem_preferred_alignment(desc, size));
}

/*
 * Return a vacant mapping into whose VMA @mapping fits, or NULL.
 *
 * A program cannot make many vacant ones of a descriptor that can still be mapped: a revoke is for
 * good, and what a program unmaps by itself has no VMA.
 */
static struct iokmem_mapping *vacant_find(const struct iokmem_mapping *mapping,
					  unsigned long at)
{
	struct rb_node *vacant;

	mmap_assert_write_locked(mapping->mm);

	rb_for_each(vacant, &mapping->made_of, &mapping->whole.space->vacant, vacant_cmp)
		if (vacant_suits(vacant_of(vacant), mapping, at))
			return vacant_of(vacant);
	return NULL;
}

/* Return false if there is certainly no vacant VMA for @mapping. Needs no lock. */
static bool vacant_maybe(const struct iokmem_mapping *mapping)
{
	return !RB_EMPTY_ROOT(&mapping->whole.space->vacant);
}

/*
 * Remove the entries of a killed mapping. The VMA is unmapped if its own program has asked
 * for that. Otherwise, and if there is no memory to unmap it, the empty VMA stays, vacant.
 *
 * A fault that saw the mapping live has the mmap lock, so it has finished before the entries
 * are zapped. Return false if entries may be left, because the address space is being torn
 * down. The close of the VMA follows then.
 */
static bool unmap_user(struct iokmem_mapping *mapping, bool by_program)
{
	struct vm_area_struct *vma;

	if (!mapping->start)
		return true;
	if (by_program && current->mm == mapping->mm &&
	    !vm_munmap(iokmem_mapping_vma_start(mapping), iokmem_mapping_vma_size(mapping)))
		return true;
	if (!mmget_not_zero(mapping->mm))
		return false;
	mmap_write_lock(mapping->mm);
	vma = iokmem_mapping_vma(mapping);
	if (vma) {
		iokmem_vma_zap(vma);
		vacant_add(mapping);
	}
	mmap_write_unlock(mapping->mm);
	mmput(mapping->mm);
	return true;
}

/*
 * iokmem_vma_claim - bind a mapping under construction to an unclaimed VMA, and publish it
 *
 * Return 0; -ENOENT if the mapping has been killed; or an error of the kind.
 */
int iokmem_vma_claim(struct vm_area_struct *vma, struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	int err;

	err = bind(vma, mapping);
	if (err)
		return err;
	mapping->unmap = unmap_user;
	mutex_lock(&desc->lock);
	err = iokmem_mapping_go_live(mapping);
	mapping->bound = !err;
	mutex_unlock(&desc->lock);
	if (err) {
		iokmem_vma_zap(vma);
		if (iokmem_vma_is_adopted(vma))
			iokmem_vma_disown(vma);
		vma->vm_private_data = NULL;
		mapping->unmap = NULL;
		iokmem_mapping_put(mapping);
	}
	return err;
}

/*
 * Claim a vacant VMA for the mapping. Return false if there is none, or if claiming it
 * fails.
 */
static bool take_up_vacant(struct iokmem_mapping *mapping, unsigned long at)
{
	struct iokmem_mapping *vacant;
	struct vm_area_struct *vma;
	bool taken = false;

	if (!vacant_maybe(mapping))
		return false;
	if (mmap_write_lock_killable(mapping->mm))
		return false;
	vacant = vacant_find(mapping, at);
	vma = vacant ? iokmem_mapping_vma(vacant) : NULL;
	if (vma) {
		vacant_remove(vacant);
		vma->vm_private_data = NULL;
		taken = !iokmem_vma_claim(vma, mapping);
		if (taken)
			iokmem_vma_fill_small(vma);
		else
			iokmem_vma_zap(vma);
	}
	mmap_write_unlock(mapping->mm);
	if (vma)
		iokmem_mapping_put(vacant);
	return taken;
}

/*
 * Bind the mapping to the VMA of @file that has been made for it at @start. Return 0;
 * -ESTALE if the program has unmapped the VMA; -EINTR if a fatal signal arrived; or an error of
 * the kind.
 */
static int claim(struct iokmem_mapping *mapping, const struct file *file,
		 unsigned long start)
{
	struct vm_area_struct *vma;
	int err = -ESTALE;

	/* Another program would be left with the VMA. */
	if (mapping->mm != current->mm)
		mmap_write_lock(mapping->mm);
	else if (mmap_write_lock_killable(mapping->mm))
		return -EINTR;
	vma = vma_lookup(mapping->mm, start);
	if (is_ours(vma) && !mapping_of(vma) && vma->vm_file == file &&
	    vma->vm_start == start &&
	    vma->vm_end - vma->vm_start == iokmem_mapping_vma_size(mapping))
		err = iokmem_vma_claim(vma, mapping);
	if (!err)
		iokmem_vma_fill_small(vma);
	mmap_write_unlock(mapping->mm);
	return err;
}

/*
 * Refuse to overwrite one of the module's VMAs in part. The VMA cannot be split, and the
 * new VMA could not be refused later.
 */
static int check_overwritten(struct mm_struct *mm, unsigned long start, size_t size)
{
	struct vm_area_struct *vma;
	bool cut;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma = vma_lookup(mm, start);
	cut = is_ours(vma) && vma->vm_start < start;
	vma = vma_lookup(mm, start + size - 1);
	cut |= is_ours(vma) && vma->vm_end > start + size;
	mmap_read_unlock(mm);
	return cut ? -EINVAL : 0;
}

/* Return true if any VMA of the program is in the range. */
static bool is_mapped(struct mm_struct *mm, unsigned long start, size_t size)
{
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(mm))
		return false;
	vma = find_vma(mm, start);
	mmap_read_unlock(mm);
	return vma && vma->vm_start < start + size;
}

/*
 * Convert an error of vm_mmap(). It returns EPERM for an address below mmap_min_addr as
 * well as for sealed memory that would be overwritten.
 */
static int mmap_error(struct iokmem_mapping *mapping, unsigned long at, unsigned long err)
{
	if (at && err == (unsigned long)-EPERM &&
	    !is_mapped(mapping->mm, at, iokmem_mapping_vma_size(mapping)))
		return -EADDRNOTAVAIL;
	return (int)err;
}

/* Return the index in the memory of the VMA's first page. It wraps if a guard is before. */
static pgoff_t place_in_memory(const struct iokmem_mapping *mapping)
{
	return (iokmem_mapping_index(mapping) - mapping->guard) & IOKMEM_PLACE_MASK;
}

/*
 * iokmem_aligned_area - choose an address as the kernel would, but aligned
 *
 * Like ->get_unmapped_area(). @place is the offset of the VMA's first page in the memory, in
 * bytes.
 */
unsigned long iokmem_aligned_area(struct file *file, unsigned long addr,
				  unsigned long len, unsigned long pgoff,
				  unsigned long flags, unsigned long align, size_t place)
{
	unsigned long start, padded;

	if (flags & MAP_FIXED)
		return addr;
	/* Prefer an address that the program asks for over a good alignment. */
	if (addr) {
		start = mm_get_unmapped_area(file, addr, len, pgoff, flags);
		if (start == addr)
			return start;
	}
	if (align > PAGE_SIZE && !check_add_overflow(len, align - PAGE_SIZE, &padded)) {
		start = mm_get_unmapped_area(file, 0, padded, pgoff, flags);
		if (!IS_ERR_VALUE(start))
			return start + ((place - start) & (align - 1));
	}
	return mm_get_unmapped_area(file, 0, len, pgoff, flags);
}

/*
 * The private data of a file by which the module makes a VMA is the mapping, until the VMA is made:
 * remap_file_pages() may call this once more. A kind that fills VMAs itself does it here, as long
 * as no lookup finds the VMA.
 */
static int vma_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct iokmem_mapping *mapping = xchg(&file->private_data, NULL);

	iokmem_vma_init(vma);
	return mapping && iokmem_desc_fills_vma(iokmem_mapping_desc(mapping)) ?
	       iokmem_vma_claim(vma, mapping) : 0;
}

static unsigned long
vma_file_get_unmapped_area(struct file *file, unsigned long addr, unsigned long len,
			   unsigned long pgoff, unsigned long flags)
{
	const struct iokmem_mapping *mapping = file->private_data;

	if (!mapping)
		return mm_get_unmapped_area(file, addr, len, pgoff, flags);
	return iokmem_aligned_area(file, addr, len, pgoff, flags,
				   iokmem_preferred_alignment(iokmem_mapping_desc(mapping), len),
				   place_in_memory(mapping) << PAGE_SHIFT);
}

/* The module's own files, by which it makes VMAs. No program has them open. */
static const struct file_operations iokmem_vma_fops = {
	.owner			= THIS_MODULE,
	.mmap			= vma_file_mmap,
	.get_unmapped_area	= vma_file_get_unmapped_area,
};

/*
 * iokmem_vma_file - create a file for the VMA of a mapping
 *
 * Used where no program's file will do. If the mapping may have counted pages, the kernel
 * finds them by the file's inode.
 */
struct file *iokmem_vma_file(const struct iokmem_mapping *mapping)
{
	int flags = mapping->options & IOKMEM_MAP_READ_ONLY ? O_RDONLY : O_RDWR;
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	return may_have_pages(mapping) ?
	       iokmem_desc_map_file(desc, NULL, flags, &iokmem_vma_fops) :
	       iokmem_desc_file(desc, NULL, flags, &iokmem_vma_fops);
}

/*
 * Return true if the VMA may be of the program's file @of. The file keeps the descriptor,
 * so it does not suit a Unique mapping, which may show other memory later. A read-only
 * mapping needs a read-only file.
 */
static bool will_do(const struct file *of, const struct iokmem_mapping *mapping)
{
	return of && mapping->mm == current->mm && !may_have_pages(mapping) &&
	       !(mapping->options & IOKMEM_MAP_UNIQUE) &&
	       !(mapping->options & IOKMEM_MAP_READ_ONLY) == !!(of->f_mode & FMODE_WRITE);
}

static int make_and_claim(struct iokmem_mapping *mapping, unsigned long at, struct file *of)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	pgoff_t pgoff = iokmem_vma_pgoff(&mapping->backing, mapping->guard);
	bool overwrite = mapping->options & IOKMEM_MAP_OVERWRITE;
	unsigned long fixed = overwrite ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	unsigned long start;
	struct file *file;
	int err = 0;

	if (will_do(of, mapping)) {
		file = get_file(of);
		pgoff = IOKMEM_PGOFF_UNCLAIMED | place_in_memory(mapping);
	} else {
		file = iokmem_vma_file(mapping);
		if (!IS_ERR(file))
			file->private_data = mapping;
	}
	if (IS_ERR(file))
		return PTR_ERR(file);
	start = iokmem_mm_mmap(mapping->mm, file, at, iokmem_mapping_vma_size(mapping),
			       PROT_READ | (mapping->options & IOKMEM_MAP_READ_ONLY ?
					    0 : PROT_WRITE),
			       MAP_SHARED | (at ? fixed : 0), pgoff << PAGE_SHIFT);
	if (IS_ERR_VALUE(start))
		err = mmap_error(mapping, at, start);
	else if (!iokmem_desc_fills_vma(desc))
		err = claim(mapping, file, start);
	fput(file);
	return err;
}

/*
 * iokmem_map_user - make or reuse a VMA for a user mapping, and publish the mapping
 *
 * @at is the address of a page, or 0. @of is the file by which the program asks for the
 * mapping, or NULL. Caller must keep the address space.
 */
int iokmem_map_user(struct iokmem_mapping *mapping, unsigned long at, struct file *of)
{
	int err;

	if (mapping->options & IOKMEM_MAP_OVERWRITE) {
		err = check_overwritten(mapping->mm, at, iokmem_mapping_vma_size(mapping));
		if (err)
			return err;
	} else if (take_up_vacant(mapping, at)) {
		return 0;
	}
	return make_and_claim(mapping, at, of);
}
