// SPDX-License-Identifier: GPL-2.0
/*
 * How many maps an address space has, which is limited.
 *
 * The kernel limits the VMAs of an address space (vm.max_map_count), but a mapping may have any
 * number of maps of its parts, which have no VMA. So all maps are counted here, of whichever
 * descriptors. A map is counted as long as it is in memory. The kernel's own maps are not counted.
 */
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "map/map.h"
#include "page/account.h"

/* Modules cannot read vm.max_map_count. */
unsigned int iokmem_max_map_count = DEFAULT_MAX_MAP_COUNT;
EXPORT_SYMBOL_IF_KUNIT(iokmem_max_map_count);
module_param_named(max_map_count, iokmem_max_map_count, uint, 0644);
MODULE_PARM_DESC(max_map_count, "Maps that a process may have, those inside others included");

static DEFINE_HASHTABLE(iokmem_spaces, 8);
static DEFINE_SPINLOCK(iokmem_spaces_lock);	/* for iokmem_spaces */

static struct iokmem_space *find(const struct mm_struct *mm)
{
	struct iokmem_space *space;

	lockdep_assert_held(&iokmem_spaces_lock);

	hash_for_each_possible(iokmem_spaces, space, node, (unsigned long)mm)
		if (space->mm == mm)
			return space;
	return NULL;
}

/*
 * Count a map of @mm. @new is for an address space that has none yet; NULL: fail with -ENOENT
 * then. Return the space, or ERR_PTR(-EAGAIN) at the limit.
 */
static struct iokmem_space *count(const struct mm_struct *mm, struct iokmem_space *new)
{
	unsigned int limit = READ_ONCE(iokmem_max_map_count);
	struct iokmem_space *space;

	spin_lock(&iokmem_spaces_lock);
	space = find(mm);
	if (!limit || (space && space->nr_maps >= limit)) {
		space = ERR_PTR(-EAGAIN);
	} else if (space) {
		space->nr_maps++;
	} else if (new) {
		space = new;
		space->mm = mm;
		space->nr_maps = 1;
		hash_add(iokmem_spaces, &space->node, (unsigned long)mm);
	} else {
		space = ERR_PTR(-ENOENT);
	}
	spin_unlock(&iokmem_spaces_lock);
	return space;
}

static struct iokmem_space *count_first(const struct mm_struct *mm)
{
	struct iokmem_space *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT), *space;

	if (!new)
		return ERR_PTR(-ENOMEM);
	space = count(mm, new);
	/* Another thread was faster. */
	if (space != new)
		kfree(new);
	return space;
}

static struct iokmem_space *try_count(const struct mm_struct *mm)
{
	struct iokmem_space *space = count(mm, NULL);

	return space == ERR_PTR(-ENOENT) ? count_first(mm) : space;
}

/*
 * iokmem_space_count - count a map of @mm, which the caller keeps
 *
 * @may_wait: no lock is held, so maps that a worker is taking apart can be waited for. Return the
 * space, for iokmem_space_uncount(); NULL for the kernel's, which is not limited; or an error: at
 * the limit, or if there is no memory.
 */
struct iokmem_space *iokmem_space_count(const struct mm_struct *mm, bool may_wait)
{
	struct iokmem_space *space;

	if (!mm)
		return NULL;
	space = try_count(mm);
	if (space != ERR_PTR(-EAGAIN) || !may_wait)
		return space;
	iokmem_wait_ended();
	return try_count(mm);
}

/*
 * iokmem_space_uncount - undo iokmem_space_count()
 */
void iokmem_space_uncount(struct iokmem_space *space)
{
	if (!space)
		return;
	spin_lock(&iokmem_spaces_lock);
	if (--space->nr_maps)
		space = NULL;
	else
		hash_del(&space->node);
	spin_unlock(&iokmem_spaces_lock);
	kfree(space);
}
