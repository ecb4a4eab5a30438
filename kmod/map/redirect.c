// SPDX-License-Identifier: GPL-2.0
/*
 * Redirecting makes a Unique user mapping show other memory at its addresses.
 *
 *  1. The new backing is made ready: it is counted, and holds its memory.
 *  2. With the mmap lock held for writing, the backings are exchanged and the entries
 *     zapped, so that no fault sees a mixture.
 *  3. The old backing is released.
 *
 * So nothing has changed after an error, and the old memory is kept until the new memory is
 * mapped.
 *
 * A mapping that is redirected to nothing keeps its backing, but a program that touches the
 * mapping waits.
 *
 * The VMA keeps its file. The kernel finds counted pages in a VMA only by the inode that the
 * VMA was made on. So pageable memory is mapped page by page only in a VMA that was made for
 * this memory, at this offset. In any other VMA the memory is held and mapped by frames.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "map/map.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/wake.h"
#include "trace.h"

/*
 * Begin to change what the VMA of a Unique mapping shows. On success return the VMA. The
 * mmap lock is held for writing, and the address space kept, until change_end().
 */
static struct vm_area_struct *change_begin(struct iokmem_mapping *mapping)
{
	struct vm_area_struct *vma;
	int err = -ENOENT;

	if (!mmget_not_zero(mapping->mm))
		return ERR_PTR(-ENOENT);
	if (mmap_write_lock_killable(mapping->mm)) {
		err = -EINTR;
		goto err_mmput;
	}
	vma = iokmem_mapping_vma(mapping);
	if (!vma || mapping->vacant)
		goto err_unlock;
	/* The kind has filled the VMA, and would not fill it again. */
	err = -EOPNOTSUPP;
	if (iokmem_desc_fills_vma(iokmem_mapping_desc(mapping)))
		goto err_unlock;
	return vma;

err_unlock:
	mmap_write_unlock(mapping->mm);
err_mmput:
	mmput(mapping->mm);
	return ERR_PTR(err);
}

static void change_end(struct iokmem_mapping *mapping)
{
	mmap_write_unlock(mapping->mm);
	iokmem_wake_up(&mapping->blocked);
	mmput(mapping->mm);
}

/* Redirect to nothing. */
static int block(struct iokmem_mapping *mapping)
{
	struct vm_area_struct *vma = change_begin(mapping);

	if (IS_ERR(vma))
		return PTR_ERR(vma);
	WRITE_ONCE(mapping->blocked, true);
	iokmem_vma_zap(vma);
	change_end(mapping);
	return 0;
}

/*
 * If the wanted memory is the mapping's own backing, show it again and return true. That
 * needs no further checks.
 */
static bool resume(struct iokmem_mapping *mapping, struct iokmem_desc *desc, size_t offset)
{
	struct iokmem_desc *root = iokmem_desc_root(desc, &offset);
	bool same;

	/* An offset that has wrapped is refused later. */
	if (offset > root->capacity || IS_ERR(change_begin(mapping)))
		return false;
	same = mapping->backing.desc == root && mapping->backing.offset == offset;
	if (same)
		WRITE_ONCE(mapping->blocked, false);
	change_end(mapping);
	return same;
}

/* Return true if the wanted memory can be mapped page by page in the mapping's VMA. */
static bool is_paged_by(struct iokmem_mapping *mapping, const struct iokmem_backing *new)
{
	pgoff_t pgoff = iokmem_vma_pgoff(new, mapping->guard);
	struct vm_area_struct *vma = change_begin(mapping);
	bool paged;

	if (IS_ERR(vma))
		return false;
	paged = iokmem_vma_is_paged_by(vma, new->desc, pgoff);
	change_end(mapping);
	return paged;
}

/*
 * Return true if a page of @backing is in the page cache of the VMA's own file. The kernel
 * finds the entries of such pages by the file, and would take raw entries for counted ones.
 */
static bool shows_own_pages(const struct vm_area_struct *vma,
			    const struct iokmem_backing *backing)
{
	const struct iokmem_mapping *mapping = vma->vm_private_data;
	const struct address_space *pages = vma->vm_file->f_mapping;
	unsigned long index = backing->place >> PAGE_SHIFT;
	unsigned long end = index + iokmem_mapping_pages(mapping);

	/* @backing holds its memory, so its pages would be in the cache. */
	if (!pages->nrpages)
		return false;
	for (; index < end; index++) {
		unsigned long pfn = iokmem_backing_lookup(backing, index).pfn;

		if (pfn != IOKMEM_NO_PFN && pfn_valid(pfn) &&
		    page_folio(pfn_to_page(pfn))->mapping == pages)
			return true;
	}
	return false;
}

/*
 * Exchange the backings. The mapping is in use, so it becomes a user of the new descriptor.
 * The caller must put the old one's user.
 */
static void exchange_locked(struct iokmem_mapping *mapping, struct iokmem_backing *new)
{
	struct iokmem_desc *old = mapping->backing.desc;

	iokmem_desc_get(new->desc);
	iokmem_index_remove_live(mapping);
	list_move_tail(&mapping->node, &new->desc->mappings);
	mapping->age = new->desc->next_age++;
	WRITE_ONCE(old->nr_maps, old->nr_maps - 1);
	WRITE_ONCE(new->desc->nr_maps, new->desc->nr_maps + 1);
	spin_lock(&mapping->shown_lock);
	swap(mapping->backing, *new);
	spin_unlock(&mapping->shown_lock);
	iokmem_index_add_live(mapping);
	/* A thread may wait until it may touch the old memory: see iokmem_desc_redirect(). */
	iokmem_mapping_wake_sleepers(mapping, old);
	WRITE_ONCE(mapping->cache_mode, iokmem_desc_get_cache_mode(mapping->backing.desc));
	trace_iokmem_redirect(&mapping->whole);
}

/*
 * Exchange the mapping's backing and @new. Return 0; -ENODEV if the new memory has been
 * revoked; or -ENOENT if the mapping has been killed.
 */
static int exchange(struct iokmem_mapping *mapping, struct iokmem_backing *new)
{
	struct iokmem_desc *first = min(mapping->backing.desc, new->desc);
	struct iokmem_desc *second = max(mapping->backing.desc, new->desc);
	int err;

	mmap_assert_write_locked(mapping->mm);

	mutex_lock(&first->lock);
	if (second != first)
		mutex_lock_nested(&second->lock, SINGLE_DEPTH_NESTING);
	err = mapping->state == IOKMEM_MAPPING_LIVE ? iokmem_desc_check_revoked(new->desc) :
						      -ENOENT;
	if (!err)
		exchange_locked(mapping, new);
	if (second != first)
		mutex_unlock(&second->lock);
	mutex_unlock(&first->lock);
	return err;
}

/*
 * Make the mapping show the memory of @new. On success @new is the old backing. Nothing has
 * changed after an error.
 */
static int show(struct iokmem_mapping *mapping, struct iokmem_backing *new)
{
	pgoff_t pgoff = iokmem_vma_pgoff(new, mapping->guard);
	struct vm_area_struct *vma = change_begin(mapping);
	int err = -EOPNOTSUPP;
	bool paged;

	if (IS_ERR(vma))
		return PTR_ERR(vma);
	paged = iokmem_vma_is_paged_by(vma, new->desc, pgoff);
	if (paged || !shows_own_pages(vma, new))
		err = exchange(mapping, new);
	if (!err) {
		iokmem_vma_zap(vma);
		iokmem_vma_show(vma, paged ? 0 : VM_PFNMAP);
		WRITE_ONCE(mapping->blocked, false);
	}
	change_end(mapping);
	return err;
}

/* Count and hold the backing of a request, in the request's cache mode. */
static int backing_get(struct iokmem_backing *backing, struct iokmem_mapping *mapping,
		       struct iokmem_map_request *request)
{
	int err;

	err = iokmem_lock_in_mode(request);
	if (err)
		return err;
	iokmem_backing_init(backing, request);
	iokmem_backing_map(backing);
	mutex_unlock(&request->desc->lock);
	return iokmem_backing_hold(backing, request->length, request->options,
				   is_paged_by(mapping, backing), true);
}

static void backing_put(struct iokmem_backing *backing)
{
	struct iokmem_desc *desc = backing->desc;
	struct iokmem_backing taken;

	if (!desc)
		return;
	mutex_lock(&desc->lock);
	taken = iokmem_backing_take(backing);
	mutex_unlock(&desc->lock);
	iokmem_backing_release(&taken);
	iokmem_desc_count_put(desc);
}

static int redirect(struct iokmem_mapping *mapping, struct iokmem_map_request *request)
{
	struct iokmem_backing backing = {};
	struct iokmem_desc *user = NULL;
	int err;

	err = backing_get(&backing, mapping, request);
	if (!err)
		err = show(mapping, &backing);
	if (!err)
		user = backing.desc;
	backing_put(&backing);
	/* The mapping was a user of the old descriptor. */
	if (user)
		iokmem_desc_put(user);
	else
		iokmem_undo_mode(request->desc, &request->change);
	return err;
}

/* Fill in the request that would make the mapping of memory of @desc. */
static int make_request(struct iokmem_map_request *request,
			const struct iokmem_map *map, struct iokmem_desc *desc,
			u32 options, size_t offset)
{
	unsigned long address = iokmem_map_address(map);
	struct iokmem_window window = iokmem_window_of(desc, offset, map->length);

	*request = (struct iokmem_map_request) {
		.mm = map->mapping->mm,
		.task = current,
		.options = (map->options & ~IOKMEM_MAP_CACHE_MASK &
			    ~IOKMEM_MAP_PREFAULT) | options,
		.at = address,
		.offset = offset,
		.length = map->length,
	};
	if (options & ~IOKMEM_MAP_CACHE_MASK)
		return -EOPNOTSUPP;
	if (!address)
		return -ENOENT;
	if (offset_in_page(iokmem_desc_place(window.desc, window.offset)) !=
	    offset_in_page(address))
		return -EINVAL;
	return iokmem_request_check(request, desc);
}

/* Return true if the memory has been emptied. */
static bool is_purged(struct iokmem_desc *desc)
{
	u32 state;

	return !iokmem_desc_set_purgeable(desc, IOKMEM_PURGEABLE_KEEP_CURRENT, &state) &&
	       state == IOKMEM_PURGEABLE_EMPTY;
}

/*
 * iokmem_map_redirect_to - redirect a map like iokmem_map_redirect()
 *
 * @right: whether the requester may change the cache mode of @backing.
 */
int iokmem_map_redirect_to(struct iokmem_map *map, struct iokmem_desc *backing,
			   u32 options, size_t offset, enum iokmem_mode_right right)
{
	struct iokmem_map_request request;
	int err;

	if (!map->mapping->mm || (map->options & IOKMEM_MAP_PINNABLE))
		return -EOPNOTSUPP;
	if (!(map->options & IOKMEM_MAP_UNIQUE))
		return -ENOTUNIQ;
	if (!backing)
		return options || offset ? -EINVAL : block(map->mapping);

	if (!options && resume(map->mapping, backing, offset))
		return 0;
	err = make_request(&request, map, backing, options, offset);
	if (err)
		return err;
	if (is_purged(backing))
		return -ENODATA;
	if (iokmem_desc_fills_vma(request.desc))
		return -EOPNOTSUPP;
	request.mode_right = right;
	err = redirect(map->mapping, &request);
	/* The map shows the new memory now, so failing to fill it is no error. */
	if (!err && (map->options & IOKMEM_MAP_PREFAULT))
		iokmem_map_populate(map);
	return err;
}

/**
 * iokmem_map_redirect - make a map show other memory
 * @map: a Unique map in a user task, not pinnable
 * @backing: the new memory; NULL: none
 * @options: the cache mode that @backing has to have, or 0
 * @offset: of the first byte in @backing; the byte must have the same offset in its page
 *	as the first byte that @map shows
 *
 * Follows the documented contract of IOMemoryMap::redirect(). The map's address and length
 * do not change, nor does any other map of either memory. @map becomes a map of @backing,
 * and no longer keeps the old memory. @backing may be of another kind and cache mode, but
 * must not be coherent memory. Pageable memory stays in memory while a map that was made of
 * other memory shows it. A map that was made of pageable memory can show that memory only
 * as it was made: not at another offset, and not as part of a multi-descriptor.
 *
 * If @backing is NULL, a thread of the program that touches the map sleeps until the map is
 * redirected to some memory, which may be its old memory, or is unmapped. The sleeping
 * thread can be signalled, stopped, frozen and killed, and does not keep others from
 * changing the address space. The kernel's own accesses, such as read() into the map, do
 * not sleep but fail with -EFAULT. So a driver can take the memory of a device away from a
 * program, and later show it again or show other memory in its place, such as zeroes.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0, or a negative error, after which nothing has changed:
 *
 * * -EOPNOTSUPP: the map is the kernel's, whose entries cannot be changed in place; the map
 *   is pinnable; the memory is coherent; the map was made of this pageable memory, and is
 *   to show it in another way; an option is not a cache mode, or is a mode that is unknown
 *   or not provided
 * * -ENOTUNIQ: the map is not Unique
 * * -ENOENT: the map has been unmapped
 * * -EINVAL: @offset has another offset in its page; @offset or @options without @backing
 * * -EOVERFLOW: @offset plus the map's length wraps
 * * -ERANGE: @backing is too short
 * * -ENODATA: @backing has been emptied
 * * -EACCES, -EBUSY, -EFAULT, -EPERM, -ENOMEM, -EIO, -EAGAIN, -EINTR: like
 *   iokmem_desc_create_mapping_in_task()
 */
int iokmem_map_redirect(struct iokmem_map *map, struct iokmem_desc *backing,
			u32 options, size_t offset)
{
	might_sleep();
	return iokmem_map_redirect_to(map, backing, options, offset, IOKMEM_MODE_OF_DRIVER);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_redirect, IOKMEM_NS);
