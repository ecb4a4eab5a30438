// SPDX-License-Identifier: GPL-2.0
/*
 * Holders of maps: drivers that are told when a map is revoked.
 *
 * A map is revoked, although a driver has a reference to it, when another driver unmaps it
 * for all who share it, or when its task unmaps it. Each holder is then told once, with no
 * lock held. The holders of a kernel mapping are told before its addresses are unmapped.
 */
#include <linux/list.h>
#include <linux/module.h>

#include "map/map.h"
#include "page/compat.h"
#include "page/wake.h"

/**
 * iokmem_holder_add - register to be told when a map is revoked
 * @holder: allocated by the caller, and in use until iokmem_holder_remove()
 * @map: a map that the caller keeps a reference to until iokmem_holder_remove()
 * @ops: the functions to call
 * @data: their argument
 *
 * @ops->revoke() is called when the map is revoked while the caller still has its
 * reference. Before it returns, the caller must stop using the map's addresses: kernel
 * addresses are unmapped afterwards. @ops->revoke() may sleep, and must not call
 * iokmem_holder_remove().
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0; or -ENOENT if the map is revoked already, and nothing will be called.
 */
int iokmem_holder_add(struct iokmem_holder *holder, struct iokmem_map *map,
		      const struct iokmem_holder_ops *ops, void *data)
{
	struct iokmem_desc *desc;
	int err = -ENOENT;

	holder->map = map;
	holder->ops = ops;
	holder->data = data;
	holder->running = false;
	INIT_LIST_HEAD(&holder->node);

	desc = iokmem_mapping_lock(map->mapping);
	if (iokmem_map_is_live(map)) {
		list_add_tail(&holder->node, &map->mapping->holders);
		err = 0;
	}
	mutex_unlock(&desc->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_holder_add, IOKMEM_NS);

/**
 * iokmem_holder_remove - undo iokmem_holder_add()
 * @holder: the holder
 *
 * On return @ops->revoke() is not running, and will not be called any more.
 *
 * Context: May sleep. Caller must not hold an mmap lock, nor anything that
 * @ops->revoke() waits for.
 */
void iokmem_holder_remove(struct iokmem_holder *holder)
{
	struct iokmem_desc *desc;

	desc = iokmem_mapping_lock(holder->map->mapping);
	list_del_init(&holder->node);
	mutex_unlock(&desc->lock);
	/* Pairs with tell(): if @ops->revoke() has been called, it has returned. */
	wait_var_event(&holder->running, !smp_load_acquire(&holder->running));
}
EXPORT_SYMBOL_NS_GPL(iokmem_holder_remove, IOKMEM_NS);

/* Return a holder of @map, or with NULL of any map of the mapping; or NULL if there is none. */
static struct iokmem_holder *find_holder(const struct iokmem_mapping *mapping,
					 const struct iokmem_map *map)
{
	struct iokmem_holder *holder;

	list_for_each_entry(holder, &mapping->holders, node)
		if (!map || holder->map == map)
			return holder;
	return NULL;
}

static void tell(struct iokmem_holder *holder)
{
	holder->ops->revoke(holder->data);
	/* Pairs with iokmem_holder_remove(). */
	smp_store_release(&holder->running, false);
	/* The holder may have been freed by now; only its address is used. */
	iokmem_wake_up(&holder->running);
}

static void tell_all(struct iokmem_mapping *mapping, const struct iokmem_map *map)
{
	struct iokmem_holder *holder;
	struct iokmem_desc *desc;

	for (;;) {
		desc = iokmem_mapping_lock(mapping);
		holder = find_holder(mapping, map);
		if (holder) {
			list_del_init(&holder->node);
			holder->running = true;
		}
		mutex_unlock(&desc->lock);
		if (!holder)
			return;
		tell(holder);
	}
}

/*
 * iokmem_mapping_tell_holders - tell the holders of all maps of a killed mapping
 *
 * Only the thread that has to end the mapping may call this. Caller must hold no lock.
 */
void iokmem_mapping_tell_holders(struct iokmem_mapping *mapping)
{
	tell_all(mapping, NULL);
}

/*
 * iokmem_map_tell_holders - tell the holders of a map of a part that was unmapped by itself
 *
 * Caller must have a reference to the map, and hold no lock.
 */
void iokmem_map_tell_holders(struct iokmem_map *map)
{
	tell_all(map->mapping, map);
}
