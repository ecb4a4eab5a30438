// SPDX-License-Identifier: GPL-2.0
/*
 * Holds, preparations and retypes.
 *
 * A *hold* makes the page frames of a descriptor known, and keeps them in place. Kinds of
 * memory that are always there only count holds. A descriptor is held by
 *
 *  - its preparation (iokmem_desc_prepare()): one hold, however often it is nested
 *  - each map that needs frames which are not always there
 *  - each hold of a multi-descriptor that it is a member of
 *
 *	prepare()  ---->  @prepared  --(first)-->  @held  --(first)-->  pin()
 *	maps, multi-descriptors  ----------------->
 *
 * A program that causes a hold pays for it, whoever else holds the memory: its user is charged
 * (RLIMIT_MEMLOCK) for as long as one of the user's own holds is left. All holds of a user
 * together are charged once.
 *
 * Others need @hold_lock, too. So memory that may take long to come is brought in before the lock
 * is taken, by each caller for itself: a caller whom its memory cgroup makes wait for each page is
 * overtaken by the next one. The first to have the lock pins the memory, and the others let go of
 * what they have brought in.
 *
 * Memory can be *retyped*, which means given another cache mode, while nothing holds or
 * maps it.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include "desc/desc.h"
#include "page/account.h"
#include "page/compat.h"
#include "trace.h"

/**
 * struct iokmem_hold_charge - what a user is charged for holding a descriptor's memory
 * @node: in the descriptor's list
 * @charge: the charge
 * @nr: how many holds are the user's
 */
struct iokmem_hold_charge {
	struct list_head node;		/* protected by hold_charges_lock of the descriptor */
	struct iokmem_charge charge;	/* constant while it is listed */
	unsigned int nr;		/* protected by hold_charges_lock of the descriptor */
};

/* Count another hold of the calling task's user. Returns NULL if it is the user's first one. */
static struct iokmem_hold_charge *hold_charge_find(struct iokmem_desc *desc)
{
	const struct user_struct *user = current_cred()->user;
	struct iokmem_hold_charge *charge;

	lockdep_assert_held(&desc->hold_charges_lock);

	list_for_each_entry(charge, &desc->hold_charges, node) {
		if (charge->charge.cred->user == user) {
			charge->nr++;
			return charge;
		}
	}
	return NULL;
}

static void hold_charge_free(struct iokmem_hold_charge *charge)
{
	iokmem_uncharge(&charge->charge);
	kfree(charge);
}

/* Charge the calling task's user. Returns ERR_PTR(-EPERM) or ERR_PTR(-ENOMEM) on failure. */
static struct iokmem_hold_charge *hold_charge_new(const struct iokmem_desc *desc)
{
	struct iokmem_hold_charge *charge;
	int err;

	/* There cannot be so much. The sum of what users are charged must not wrap. */
	if (desc->hold_pages > LONG_MAX >> PAGE_SHIFT)
		return ERR_PTR(-ENOMEM);
	charge = kzalloc(sizeof(*charge), GFP_KERNEL_ACCOUNT);
	if (!charge)
		return ERR_PTR(-ENOMEM);
	err = iokmem_charge_current(&charge->charge, desc->hold_pages);
	if (err) {
		kfree(charge);
		return ERR_PTR(err);
	}
	charge->nr = 1;
	return charge;
}

/*
 * Charge the calling task's user for a hold, unless nobody is charged for the memory. Charging
 * may wait, so no lock is held.
 */
static struct iokmem_hold_charge *hold_charge_get(struct iokmem_desc *desc)
{
	struct iokmem_hold_charge *charge, *new;

	if (!desc->hold_pages)
		return NULL;
	spin_lock(&desc->hold_charges_lock);
	charge = hold_charge_find(desc);
	spin_unlock(&desc->hold_charges_lock);
	if (charge)
		return charge;
	new = hold_charge_new(desc);
	if (IS_ERR(new))
		return new;

	/* Another thread may have been faster. */
	spin_lock(&desc->hold_charges_lock);
	charge = hold_charge_find(desc);
	if (!charge)
		list_add(&new->node, &desc->hold_charges);
	spin_unlock(&desc->hold_charges_lock);
	if (!charge)
		return new;
	hold_charge_free(new);
	return charge;
}

/*
 * iokmem_desc_show_holders - show who is charged for keeping the memory in place
 */
void iokmem_desc_show_holders(struct seq_file *m, struct iokmem_desc *desc)
{
	const struct iokmem_hold_charge *charge;

	spin_lock(&desc->hold_charges_lock);
	list_for_each_entry(charge, &desc->hold_charges, node)
		seq_printf(m, "iokmem-holder:\t%u %lu\n",
			   from_kuid_munged(seq_user_ns(m), charge->charge.cred->user->uid),
			   charge->charge.nr_pages << PAGE_SHIFT);
	spin_unlock(&desc->hold_charges_lock);
}

/* Undo hold_charge_get(). */
static void hold_charge_put(struct iokmem_desc *desc, struct iokmem_hold_charge *charge)
{
	bool last;

	if (!charge)
		return;
	spin_lock(&desc->hold_charges_lock);
	last = !--charge->nr;
	if (last)
		list_del(&charge->node);
	spin_unlock(&desc->hold_charges_lock);
	if (last)
		hold_charge_free(charge);
}

/*
 * Bring the memory in, unless it is held already and this is the first try. Return NULL if nothing
 * was brought in.
 */
static void *bring_in(struct iokmem_desc *desc, bool write, bool again)
{
	const struct iokmem_store_ops *store = desc->kind->store;

	if (!store || !store->bring_in || (READ_ONCE(desc->held) && !again))
		return NULL;
	return store->bring_in(desc, write);
}

/* Pin the memory. On success @brought is NULL afterwards. */
static int pin(struct iokmem_desc *desc, bool write, void **brought)
{
	const struct iokmem_store_ops *store = desc->kind->store;
	int err;

	if (!store || !store->pin)
		return 0;
	/* The memory was held when the caller looked. */
	if (store->bring_in && !*brought)
		return -ESTALE;
	err = store->pin(desc, write, *brought);
	if (!err)
		*brought = NULL;
	return err;
}

/* Let holders write the memory, which is held. */
static int write_locked(struct iokmem_desc *desc)
{
	const struct iokmem_store_ops *store = desc->kind->store;
	int err = 0;

	lockdep_assert_held(&desc->hold_lock);

	if (desc->held_written)
		return 0;
	if (desc->held_read_only)
		return -EACCES;
	if (store && store->write)
		err = store->write(desc);
	if (!err)
		WRITE_ONCE(desc->held_written, true);
	return err;
}

static int hold_locked(struct iokmem_desc *desc, bool write, void **brought)
{
	int err;

	lockdep_assert_held(&desc->hold_lock);

	err = iokmem_desc_check_revoked(desc);
	if (err)
		return err;
	if (desc->held >= IOKMEM_COUNT_MAX)
		return -EOVERFLOW;
	if (!desc->held) {
		WRITE_ONCE(desc->held_read_only, false);
		WRITE_ONCE(desc->held_written, write);
		err = pin(desc, write, brought);
	} else if (write) {
		err = write_locked(desc);
	}
	if (!err)
		WRITE_ONCE(desc->held, desc->held + 1);
	return err;
}

static int try_hold(struct iokmem_desc *desc, bool write, bool again)
{
	int err = iokmem_desc_check_revoked(desc);
	void *brought;

	if (err)
		return err;
	brought = bring_in(desc, write, again);
	if (IS_ERR(brought))
		return PTR_ERR(brought);
	err = -EINTR;
	if (!mutex_lock_killable(&desc->hold_lock)) {
		err = hold_locked(desc, write, &brought);
		mutex_unlock(&desc->hold_lock);
	}
	if (brought)
		desc->kind->store->let_go(desc, brought);
	return err;
}

/*
 * iokmem_desc_hold - hold the memory, for writing if @write
 *
 * Caller must hold no lock that another program may need: bringing the memory in can take as long
 * as a program likes.
 *
 * The calling task's user is charged, and @charge is set, for iokmem_desc_unhold(). It may be set
 * to NULL. If @charge itself is NULL, nobody is charged.
 *
 * Return 0; -ENODEV if the memory has been revoked; -EACCES if @write and the memory is
 * read-only, or is held in a way in which it cannot be written; -EPERM if the user may not have so
 * much memory; -EOVERFLOW if there are too many holds; -EAGAIN if the memory is emptied again and
 * again while it is brought in; -EINTR if a fatal signal arrived; or another error of the kind.
 */
int iokmem_desc_hold(struct iokmem_desc *desc, bool write, struct iokmem_hold_charge **charge)
{
	struct iokmem_hold_charge *paid;
	u64 start = iokmem_trace_start(iokmem_hold);
	int err, tries;

	paid = charge ? hold_charge_get(desc) : NULL;
	err = PTR_ERR_OR_ZERO(paid);
	if (err)
		goto out;
	err = -ESTALE;
	for (tries = 0; err == -ESTALE && tries < IOKMEM_BRING_IN_TRIES; tries++)
		err = try_hold(desc, write, tries);
	if (err == -ESTALE)
		err = -EAGAIN;
	if (err)
		hold_charge_put(desc, paid);
	else if (charge)
		*charge = paid;
out:
	trace_iokmem_hold(desc, write, READ_ONCE(desc->held), err, start);
	return err;
}

/*
 * iokmem_desc_unhold - undo one iokmem_desc_hold(), which has set @charge
 */
void iokmem_desc_unhold(struct iokmem_desc *desc, struct iokmem_hold_charge *charge)
{
	const struct iokmem_store_ops *store = desc->kind->store;

	mutex_lock(&desc->hold_lock);
	if (!WARN_ON(!desc->held)) {
		WRITE_ONCE(desc->held, desc->held - 1);
		if (!desc->held && store && store->unpin)
			store->unpin(desc);
	}
	trace_iokmem_unhold(desc, desc->held);
	mutex_unlock(&desc->hold_lock);
	hold_charge_put(desc, charge);
}

/* Return true if somebody uses the memory in its mode. */
static bool is_in_use(const struct iokmem_desc *desc, u32 cache_mode)
{
	bool follows = desc->home_ops && desc->home_ops->follows(desc, cache_mode);

	lockdep_assert_held(&desc->hold_lock);
	lockdep_assert_held(&desc->lock);

	return desc->held || desc->nr_mapped > follows;
}

/* Keep new entries of the old mode from being made until the retype is over. */
static int begin_retyping(struct iokmem_desc *desc, u32 cache_mode, const u64 *uses)
{
	int err = 0;

	lockdep_assert_held(&desc->hold_lock);

	mutex_lock(&desc->lock);
	if (desc->revoked)
		err = -ENODEV;
	else if (desc->cache_mode == cache_mode || (uses && *uses != desc->mode_uses))
		err = -ESTALE;
	else if (is_in_use(desc, cache_mode))
		err = -EBUSY;
	else
		WRITE_ONCE(desc->retyping, true);
	mutex_unlock(&desc->lock);
	return err;
}

static int try_retype(struct iokmem_desc *desc, u32 cache_mode, const u64 *uses)
{
	int err;

	if (!iokmem_desc_can_be_retyped(desc))
		return -EOPNOTSUPP;

	if (mutex_lock_killable(&desc->hold_lock))
		return -EINTR;
	err = begin_retyping(desc, cache_mode, uses);
	if (err)
		goto err_unlock;
	err = desc->kind->store->retype(desc, cache_mode);
	if (!err)
		return 0;
	mutex_lock(&desc->lock);
	iokmem_desc_retype_end(desc, desc->cache_mode);
	mutex_unlock(&desc->lock);
	return err;

err_unlock:
	mutex_unlock(&desc->hold_lock);
	return err;
}

/*
 * iokmem_desc_retype_begin - give the memory another cache mode
 *
 * @cache_mode is a mode that the kind's ->resolve() found. @uses: NULL, or what @mode_uses of
 * the descriptor has to be. On success the caller must call iokmem_desc_retype_end(). Until
 * then nobody else can map or hold the memory.
 *
 * Return 0; -ENODEV if the memory has been revoked; -EBUSY if anything maps or holds it, other
 * than a home mapping that follows; -ESTALE if the memory already has the mode, or others have
 * used it; -EOPNOTSUPP if the kind has only one mode; -EINTR if a fatal signal arrived; or another
 * error of the kind.
 * Nothing has changed after an error.
 */
int iokmem_desc_retype_begin(struct iokmem_desc *desc, u32 cache_mode, const u64 *uses)
{
	u64 start = iokmem_trace_start(iokmem_retype);
	u32 from = READ_ONCE(desc->cache_mode);
	int err = try_retype(desc, cache_mode, uses);

	/* The caller looks again if others were faster. */
	if (err != -ESTALE)
		trace_iokmem_retype(desc, from, cache_mode, err, start);
	return err;
}

/*
 * iokmem_desc_retype_end - publish the memory's new cache mode
 *
 * Caller must hold the descriptor's lock, and may list a mapping before dropping it. Drops
 * the hold lock, which iokmem_desc_retype_begin() took.
 */
void iokmem_desc_retype_end(struct iokmem_desc *desc, u32 cache_mode)
{
	lockdep_assert_held(&desc->hold_lock);
	lockdep_assert_held(&desc->lock);

	WRITE_ONCE(desc->cache_mode, cache_mode);
	/*
	 * Pairs with iokmem_vma_fault(): a fault that sees the retype over also sees the new
	 * mode.
	 */
	smp_store_release(&desc->retyping, false);
	wake_up_all(&desc->wait);
	mutex_unlock(&desc->hold_lock);
}

/* Return true if a transfer may write the memory: every direction but "out" may. */
static bool direction_writes(const struct iokmem_desc *desc, u32 direction)
{
	direction = direction ? direction : iokmem_desc_get_direction(desc);
	return direction != IOKMEM_DIRECTION_OUT;
}

/* Return true if preparations are counted. Other memory is always there. */
static bool prepares(const struct iokmem_desc *desc)
{
	return iokmem_desc_is_buffer(desc) || !iokmem_desc_is_always_there(desc);
}

/*
 * Return the descriptor that counts the preparations of @desc. A range of addresses that are in a
 * map has its own.
 */
static struct iokmem_desc *preparer(struct iokmem_desc *desc)
{
	return desc->kind->store ? desc : iokmem_desc_owner(desc);
}

/* Count one more preparation of memory that is prepared. */
static int prepare_again(struct iokmem_desc *desc, bool write)
{
	int err = 0;

	lockdep_assert_held(&desc->prepare_lock);

	if (desc->prepared >= IOKMEM_COUNT_MAX)
		return -EOVERFLOW;
	if (write && !READ_ONCE(desc->held_written)) {
		mutex_lock(&desc->hold_lock);
		err = write_locked(desc);
		mutex_unlock(&desc->hold_lock);
	}
	if (!err)
		WRITE_ONCE(desc->prepared, desc->prepared + 1);
	return err;
}

/* The number of the latest preparation of any memory. */
static atomic64_t iokmem_last_preparation = ATOMIC64_INIT(IOKMEM_ALWAYS_PREPARED);

/* Make the first preparation, which takes over the caller's hold and its charge. */
static int prepare_held(struct iokmem_desc *desc, struct iokmem_hold_charge *charge)
{
	int err = 0;

	lockdep_assert_held(&desc->prepare_lock);

	if (desc->kernel_home)
		err = desc->home_ops->open(desc);
	if (err)
		return err;
	WRITE_ONCE(desc->preparation_id, atomic64_inc_return(&iokmem_last_preparation));
	WRITE_ONCE(desc->prepared, 1);
	desc->prepare_charge = charge;
	return 0;
}

/* Prepare memory that was not prepared. It is held before the lock is taken. */
static int prepare_first(struct iokmem_desc *desc, bool write)
{
	struct iokmem_hold_charge *charge;
	bool prepared;
	int err;

	/* The kernel may write memory that it has an address of. */
	err = iokmem_desc_hold(desc, write || desc->kernel_home, &charge);
	if (err)
		return err;
	mutex_lock(&desc->prepare_lock);
	/* Another thread may have been faster. */
	prepared = desc->prepared;
	err = prepared ? prepare_again(desc, write) : prepare_held(desc, charge);
	mutex_unlock(&desc->prepare_lock);
	if (prepared || err)
		iokmem_desc_unhold(desc, charge);
	return err;
}

static void complete_locked(struct iokmem_desc *desc)
{
	lockdep_assert_held(&desc->prepare_lock);

	WRITE_ONCE(desc->prepared, desc->prepared - 1);
	trace_iokmem_complete(desc, desc->prepared);
	if (desc->prepared)
		return;
	if (desc->kernel_home)
		desc->home_ops->close(desc);
	iokmem_desc_unhold(desc, desc->prepare_charge);
}

/*
 * iokmem_desc_complete_all - complete what the last user has left prepared
 *
 * The last user is gone, so nobody prepares the memory meanwhile.
 */
void iokmem_desc_complete_all(struct iokmem_desc *desc)
{
	if (!READ_ONCE(desc->prepared))
		return;
	mutex_lock(&desc->prepare_lock);
	WRITE_ONCE(desc->prepared, 1);
	complete_locked(desc);
	mutex_unlock(&desc->prepare_lock);
}

static int prepare(struct iokmem_desc *desc, bool write)
{
	bool prepared;
	int err;

	err = iokmem_desc_check_revoked(desc);
	if (err)
		return err;
	if (mutex_lock_killable(&desc->prepare_lock))
		return -EINTR;
	prepared = desc->prepared;
	if (prepared)
		err = prepare_again(desc, write);
	mutex_unlock(&desc->prepare_lock);
	return prepared ? err : prepare_first(desc, write);
}

/**
 * iokmem_desc_prepare - make the memory ready for transfers
 * @desc: the descriptor
 * @direction: IOKMEM_DIRECTION_*; IOKMEM_DIRECTION_NONE means the descriptor's own
 *	direction. Only IOKMEM_DIRECTION_OUT leaves the memory unwritten.
 *
 * Follows IOMemoryDescriptor::prepare(). Pageable memory and ranges of addresses are
 * brought in, and stay in memory until iokmem_desc_complete() has been called as often.
 * Wired, coherent and physical memory is always prepared. Preparations of wired and
 * coherent buffers are counted nevertheless; those of physical memory and guard pages are
 * not. A sub-descriptor prepares its parent, a multi-descriptor its members. A range of addresses
 * that are in a map holds the memory, and counts its own preparations. Pageable
 * memory that was made for the kernel has an address while it is prepared; see
 * iokmem_buffer_get_bytes_no_copy().
 *
 * Pageable memory and dma-bufs of programs, and ranges of a task's addresses, count for the
 * RLIMIT_MEMLOCK of the user in whose name the first preparation is made, until the last one is
 * completed.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0, or a negative error, after which nothing has changed:
 *
 * * -EOPNOTSUPP: @direction has other bits; a range of user addresses shows memory of a
 *   device, or of a file system that does not allow its pages to be held; the exporter of
 *   a dma-buf does not keep the memory in place
 * * -EFAULT: a range has a hole
 * * -EACCES: the transfer would write memory that the task of a range may only read, or
 *   a range that is prepared, or mapped, for reading only
 * * -ESRCH: the task of a range of addresses has exited
 * * -EPERM: the memory exceeds the RLIMIT_MEMLOCK of the caller, or of the task that is
 *   charged for the memory
 * * -ENOMEM: out of memory
 * * -ENODEV: the memory has been revoked
 * * -EOVERFLOW: the memory is prepared 2^30 times, or is held as often
 * * -EAGAIN: purgeable memory was emptied again and again while it was brought in
 * * -EINTR: a fatal signal arrived; or any signal, during the wait for a dma-buf
 * * -EIO: the memory could not be read from swap, or the hardware has lost some of it
 */
int iokmem_desc_prepare(struct iokmem_desc *desc, u32 direction)
{
	bool write = direction_writes(desc, direction);
	u64 start = iokmem_trace_start(iokmem_prepare);
	int err;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return -EOPNOTSUPP;
	err = iokmem_desc_check_write(desc, write);
	if (err)
		return err;

	desc = preparer(desc);
	if (!prepares(desc))
		return 0;
	err = prepare(desc, write);
	trace_iokmem_prepare(desc, write, READ_ONCE(desc->prepared), err, start);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_prepare, IOKMEM_NS);

/**
 * iokmem_desc_get_preparation_id - tell whether memory has been prepared anew
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::getPreparationID(). As long as the number is the same, the memory
 * is where it was.
 *
 * Context: Any.
 * Return: IOKMEM_UNPREPARED; IOKMEM_ALWAYS_PREPARED for memory that never moves, which all but
 * pageable memory, ranges of addresses and dma-bufs of other drivers do; or a number that no other
 * preparation has had since the module was loaded.
 */
u64 iokmem_desc_get_preparation_id(struct iokmem_desc *desc)
{
	if (iokmem_desc_is_always_there(iokmem_desc_owner(desc)))
		return IOKMEM_ALWAYS_PREPARED;
	desc = preparer(desc);
	return READ_ONCE(desc->prepared) ? READ_ONCE(desc->preparation_id) : IOKMEM_UNPREPARED;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_preparation_id, IOKMEM_NS);

/**
 * iokmem_desc_complete - undo one iokmem_desc_prepare()
 * @desc: the descriptor
 * @direction: IOKMEM_DIRECTION_*; checked, but has no effect
 *
 * Follows IOMemoryDescriptor::complete(), but returns an error for one call too many. When
 * the last user puts the descriptor, preparations that are left are completed.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0; -EOPNOTSUPP if @direction has other bits; or -EBADFD if there is
 * nothing to complete.
 */
int iokmem_desc_complete(struct iokmem_desc *desc, u32 direction)
{
	int err = 0;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return -EOPNOTSUPP;

	desc = preparer(desc);
	if (!prepares(desc))
		return 0;
	mutex_lock(&desc->prepare_lock);
	if (desc->prepared)
		complete_locked(desc);
	else
		err = -EBADFD;
	mutex_unlock(&desc->prepare_lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_complete, IOKMEM_NS);
