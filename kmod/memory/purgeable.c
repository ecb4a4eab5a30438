// SPDX-License-Identifier: GPL-2.0
/*
 * The states of purgeable memory.
 *
 *	              volatile                    memory is short
 *	NON-VOLATILE <========> VOLATILE ------------------------------+
 *	      ^  |  non-volatile    | empty                            |
 *	      |  | empty            v                                  |
 *	      |  `----------------> EMPTY <----------------------------'
 *	      `------------------------'  ^
 *	            non-volatile          `-- volatile: stays empty
 *
 * Memory that is made empty loses its content at once. It reads as zero, and keeps what is
 * written to it from then on until it is emptied again. volatile.c empties volatile memory
 * when memory is short.
 */
#include <linux/slab.h>

#include "desc/desc.h"
#include "memory/pageable.h"
#include "memory/purgeable.h"
#include "memory/shmem.h"
#include "memory/volatile.h"

int iokmem_purgeable_create(struct iokmem_pageable *pageable)
{
	struct iokmem_purgeable *purgeable;

	purgeable = kmalloc(sizeof(*purgeable), GFP_KERNEL_ACCOUNT);
	if (!purgeable)
		return -ENOMEM;
	purgeable->state = IOKMEM_PURGEABLE_NON_VOLATILE;
	spin_lock_init(&purgeable->shares_lock);
	INIT_LIST_HEAD(&purgeable->shares);
	purgeable->last = NULL;
	pageable->purgeable = purgeable;
	return 0;
}

/* No shrinker is at work on it: that would have a count of the descriptor. */
void iokmem_purgeable_destroy(struct iokmem_pageable *pageable)
{
	if (!pageable->purgeable)
		return;
	iokmem_volatile_forget(pageable);
	kfree(pageable->purgeable);
}

static void change_state(struct iokmem_pageable *pageable, u32 state)
{
	struct iokmem_purgeable *purgeable = pageable->purgeable;

	lockdep_assert_held_write(&pageable->lock);

	/* Empty memory has no content that could become volatile. */
	if (state == IOKMEM_PURGEABLE_VOLATILE &&
	    purgeable->state == IOKMEM_PURGEABLE_EMPTY)
		return;
	if (state == IOKMEM_PURGEABLE_EMPTY) {
		iokmem_shmem_wipe_held(pageable);
		iokmem_volatile_empty(pageable);
		return;
	}
	WRITE_ONCE(purgeable->state, state);
	iokmem_volatile_update(pageable);
}

/*
 * iokmem_purgeable_set - as iokmem_desc_set_purgeable(), for a valid @state
 */
int iokmem_purgeable_set(struct iokmem_desc *desc, u32 state, u32 *old)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);

	if (!pageable->purgeable)
		return -EOPNOTSUPP;

	if (state == IOKMEM_PURGEABLE_KEEP_CURRENT) {
		*old = READ_ONCE(pageable->purgeable->state);
		return 0;
	}
	if (down_write_killable(&pageable->lock))
		return -EINTR;
	*old = pageable->purgeable->state;
	change_state(pageable, state);
	up_write(&pageable->lock);
	return 0;
}
