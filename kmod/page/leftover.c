// SPDX-License-Identifier: GPL-2.0
/*
 * Leftovers: blocks that others still keep when their buffer is gone.
 *
 * A program can pin pages of a buffer, for example by vmsplice(), and close the buffer. The
 * pages stay wired, so the user must stay charged for them. The module keeps its own
 * reference to such a block until no other is left, and then gives back the block and its
 * charge. Nothing tells the module when that is, so a worker looks. A charge that would
 * exceed the user's limit looks first, too.
 *
 * The blocks are write-back, and no buffer and no map of the module's has them. They are on a
 * list by page->lru. page_private() has a counted reference to the credentials of the user
 * who is charged. Others who keep a page use neither field.
 *
 * The first page of a block counts the references to all its pages, and the pins. Somebody
 * may take a reference for a moment only, as get_user_pages_fast() does before it finds that
 * an entry is gone. Then the block is given back a little later. When the module's reference is
 * the only one, nobody can find the block for longer than such a moment any more.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>

#include "page/account.h"
#include "page/block.h"
#include "page/leftover.h"
#include "page/workqueue.h"

/* How often the worker looks, and at how many blocks. */
#define IOKMEM_LEFTOVER_PERIOD	HZ
#define IOKMEM_LEFTOVER_WORK	4096UL
/* How many blocks are looked at before others may look. */
#define IOKMEM_LEFTOVER_RUN	64UL

static void leftover_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(iokmem_leftover_work, leftover_work);

/* A thread takes the blocks off the list to look at them. So one thread at a time may look. */
static DEFINE_MUTEX(iokmem_leftover_mutex);

static DEFINE_SPINLOCK(iokmem_leftover_lock);	/* for the list */
static LIST_HEAD(iokmem_leftovers);		/* protected by iokmem_leftover_lock */
static atomic_long_t iokmem_leftover_blocks;	/* also those that somebody looks at */
static atomic_long_t iokmem_leftover_pages;	/* also those that somebody looks at */

/*
 * iokmem_leftover_add - take over a block, and its charge, from an owner that is done with it
 *
 * @charge is the owner's. It is reduced by the pages of the block.
 */
void iokmem_leftover_add(struct page *page, struct iokmem_charge *charge)
{
	unsigned long nr = 1UL << compound_order(page);

	charge->nr_pages -= nr;
	set_page_private(page, (unsigned long)get_cred(charge->cred));
	atomic_long_inc(&iokmem_leftover_blocks);
	atomic_long_add(nr, &iokmem_leftover_pages);
	spin_lock(&iokmem_leftover_lock);
	list_add_tail(&page->lru, &iokmem_leftovers);
	spin_unlock(&iokmem_leftover_lock);
	queue_delayed_work(iokmem_workqueue, &iokmem_leftover_work,
			   IOKMEM_LEFTOVER_PERIOD);
}

/*
 * Drop the module's reference to a block that is on no list, and then its charge. The module
 * keeps a block that the hardware has poisoned, and so the last one who has it does not free it.
 */
static void leftover_put(struct page *page)
{
	struct iokmem_charge charge = {
		.cred = (const struct cred *)page_private(page),
		.nr_pages = 1UL << compound_order(page),
	};

	set_page_private(page, 0);
	if (iokmem_frames_poisoned(page_to_pfn(page), charge.nr_pages))
		iokmem_frames_lose(page_to_pfn(page), charge.nr_pages);
	else
		put_page(page);
	atomic_long_dec(&iokmem_leftover_blocks);
	atomic_long_sub(charge.nr_pages, &iokmem_leftover_pages);
	iokmem_uncharge(&charge);
}

/*
 * Look at the first @nr blocks, and put those that nobody else keeps, or all if @all. The
 * others go to the end of the list. Returns true if the list is not empty then.
 */
static bool leftovers_look(unsigned long nr, bool all)
{
	struct page *page, *next;
	LIST_HEAD(blocks);
	LIST_HEAD(kept);
	bool more;

	lockdep_assert_held(&iokmem_leftover_mutex);

	spin_lock(&iokmem_leftover_lock);
	list_splice_init(&iokmem_leftovers, &blocks);
	spin_unlock(&iokmem_leftover_lock);

	list_for_each_entry_safe(page, next, &blocks, lru) {
		if (!nr--)
			break;
		if (all || page_count(page) == 1) {
			list_del(&page->lru);
			leftover_put(page);
		} else {
			list_move_tail(&page->lru, &kept);
		}
	}

	spin_lock(&iokmem_leftover_lock);
	list_splice(&blocks, &iokmem_leftovers);
	list_splice_tail(&kept, &iokmem_leftovers);
	more = !list_empty(&iokmem_leftovers);
	spin_unlock(&iokmem_leftover_lock);
	return more;
}

/*
 * Look at @nr blocks, and let others look in between. They go on where this stops, so each block is
 * looked at by somebody. Returns true if the list is not empty then, or if a fatal signal arrived.
 */
static bool leftovers_go_over(unsigned long nr)
{
	unsigned long run;
	bool more = true;

	for (; nr && more; nr -= run) {
		run = min(nr, IOKMEM_LEFTOVER_RUN);
		if (mutex_lock_killable(&iokmem_leftover_mutex))
			break;
		more = leftovers_look(run, false);
		mutex_unlock(&iokmem_leftover_mutex);
		cond_resched();
	}
	return more;
}

static void leftover_work(struct work_struct *work)
{
	if (leftovers_go_over(IOKMEM_LEFTOVER_WORK))
		queue_delayed_work(iokmem_workqueue, &iokmem_leftover_work,
				   IOKMEM_LEFTOVER_PERIOD);
}

/*
 * iokmem_leftover_collect - give all blocks back that nobody else keeps any more
 *
 * May be cut short by a fatal signal.
 */
void iokmem_leftover_collect(void)
{
	leftovers_go_over(atomic_long_read(&iokmem_leftover_blocks));
}

/*
 * iokmem_leftover_show - print a line; see Documentation/procfs.md
 */
void iokmem_leftover_show(struct seq_file *m)
{
	seq_printf(m, "iokmem-leftover:\t%ld\n",
		   atomic_long_read(&iokmem_leftover_pages) << PAGE_SHIFT);
}

/*
 * iokmem_leftover_exit - leave all blocks to those who keep them, when no buffer is left
 *
 * Their charge ends, since nobody is there any more to end it later.
 */
void iokmem_leftover_exit(void)
{
	cancel_delayed_work_sync(&iokmem_leftover_work);
	mutex_lock(&iokmem_leftover_mutex);
	while (leftovers_look(IOKMEM_LEFTOVER_RUN, true))
		cond_resched();
	mutex_unlock(&iokmem_leftover_mutex);
}
