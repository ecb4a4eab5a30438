// SPDX-License-Identifier: GPL-2.0
/*
 * Holders of maps: drivers that are told when a map ends under them.
 *
 * A map that somebody has a reference to ends when another one unmaps it for all who
 * share it, or when its task unmaps it. Each holder is then told once, with no lock
 * held; of a kernel mapping, before its addresses go.
 */
#include <linux/list.h>
#include <linux/module.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/compat.h"
#include "page/wake.h"

/**
 * iokmem_holder_add - be told when a map ends
 * @holder: the caller's, for nothing else until iokmem_holder_remove()
 * @map: a map that the caller has a reference to until then
 * @ops: what to call
 * @data: what to call it with
 *
 * @ops->revoke() is called when the map ends while the caller still has its reference.
 * When it returns, the caller does not use the map's addresses any more: those of the
 * kernel are unmapped then. It may sleep, and must not call iokmem_holder_remove().
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0; or -ENOENT if the map has ended already, and nothing will be called.
 */
int iokmem_holder_add(struct iokmem_holder *holder, struct iokmem_map *map,
		      const struct iokmem_holder_ops *ops, void *data)
{
	int err = -ENOENT;

	holder->map = map;
	holder->ops = ops;
	holder->data = data;
	holder->running = false;
	INIT_LIST_HEAD(&holder->node);

	iokmem_map_lock(map);
	if (map->state == IOKMEM_MAP_LIVE) {
		list_add_tail(&holder->node, &map->holders);
		err = 0;
	}
	iokmem_map_unlock(map);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_holder_add, IOKMEM_NS);

/**
 * iokmem_holder_remove - undo iokmem_holder_add()
 * @holder: the holder
 *
 * Afterwards @ops->revoke() is not running, and will not be called.
 *
 * Context: May sleep. The caller holds no mmap lock, and nothing that
 * @ops->revoke() waits for.
 */
void iokmem_holder_remove(struct iokmem_holder *holder)
{
	struct iokmem_map *map = holder->map;

	iokmem_map_lock(map);
	/* It can be called no more; but it may have been. */
	list_del_init(&holder->node);
	iokmem_map_unlock(map);
	/* Pairs with iokmem_map_tell_holders(): what was called has returned. */
	wait_var_event(&holder->running, !smp_load_acquire(&holder->running));
}
EXPORT_SYMBOL_NS_GPL(iokmem_holder_remove, IOKMEM_NS);

static struct iokmem_holder *first_of(struct iokmem_map *map)
{
	return list_first_entry_or_null(&map->holders, struct iokmem_holder, node);
}

/* One of the map, or of the maps inside it. */
static struct iokmem_holder *next_holder(struct iokmem_map *map)
{
	struct iokmem_holder *holder = first_of(map);
	struct iokmem_map *sub;

	if (holder)
		return holder;
	list_for_each_entry(sub, &map->inside, node) {
		holder = first_of(sub);
		if (holder)
			break;
	}
	return holder;
}

/*
 * iokmem_map_has_holders - is there anybody to be told?
 */
bool iokmem_map_has_holders(struct iokmem_map *map)
{
	lockdep_assert_held(&map->desc->lock);

	return next_holder(map);
}

/*
 * iokmem_map_tell_holders - the map, with those inside it, has ended
 */
void iokmem_map_tell_holders(struct iokmem_map *map)
{
	struct iokmem_holder *holder;

	for (;;) {
		iokmem_map_lock(map);
		holder = next_holder(map);
		if (holder) {
			list_del_init(&holder->node);
			holder->running = true;
		}
		iokmem_map_unlock(map);
		if (!holder)
			return;
		holder->ops->revoke(holder->data);
		/* Pairs with iokmem_holder_remove(). */
		smp_store_release(&holder->running, false);
		/* It may be gone: this is an address, not an access. */
		iokmem_wake_up(&holder->running);
	}
}
