/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects, locks and verbs of life.pml, the worker, and the end of the address space.
 */

/* A mapping has two pages: the last two of A's three, or B's only two. */
#define A		0
#define B		1
#define offset_of(d)	(1 - (d))
#define pages_of(d)	(3 - (d))

mtype:state = { BUILDING, LIVE, KILLED };
mtype:vma = { NONE, OURS, STRANGER };

typedef iokmem_desc {
	byte lock;		/* the maps lock: the owner, plus 1 */
	byte need;		/* of the memory: one for each backing and each actor that uses it */
	byte refs;		/* of the struct: one for each mapping, one if @need is not 0 */
	byte nr_mapped;		/* one for each backing, which holds the memory as well */
	bool revoked;
	bool freed		/* the memory has been freed */
};
typedef iokmem_mapping {
	bool used;
	mtype:state state;	/* protected by the maps lock of @shows */
	byte shows;		/* changed under both maps locks and the mmap write lock */
	bool mapped;		/* the backing has not been put; by the maps lock */
	bool blocked;		/* changed under the mmap write lock */
	bool leaving;		/* an ioctl is about to unmap the VMA; by both locks */
	byte references;	/* of its one map, the task's included; by the maps lock */
	byte task_refs;		/* by the maps lock */
	byte count;		/* of the map, the VMA or its work item, the maker, each waiter */
	bool work;		/* the work item is queued */
	bool freed
};

short actors;
byte fault;
iokmem_desc desc[2];
iokmem_mapping mapping[2];
mtype:vma vma = NONE;		/* the VMA at the address */
byte bound;			/* the mapping it is bound to, plus 1; 0: unclaimed */
byte entries;			/* of both pages: bits 0 and 1 show A, 2 and 3 show B */
byte writer, readers;		/* of the mmap lock: a process plus 1; a set of processes */
byte mm_users;
byte asleep, revoker;		/* sets of processes; the second one has at most one */
byte module_refs;		/* descriptors, files of VMAs, drivers, open files */
byte running;			/* actors */
bool working;			/* a work item runs */
bool made, is_given;		/* mapping 0 is built or has failed; it is built */
bool fatal, exited, unloaded;

#define has(a)		((actors & (a)) != 0)
#define MY_BIT		(1 << _pid)
#define IN_MODULE	assert(!unloaded)
#define entries_of(d)	(3 << (2 * (d)))
#define is_bound_to(m)	(vma == OURS && bound == (m) + 1)
#define in_use(m)	assert(mapping[m].used && !mapping[m].freed)
#define wake_up()	asleep = 0
#define work_is_done	(!working && !mapping[0].work && !mapping[1].work)

/* Sleep until @condition is true. It is checked again only after a wakeup. */
inline wait_event(condition)
{
	do
	:: atomic { condition -> break }
	:: atomic { !(condition) -> asleep = asleep | MY_BIT };
		!(asleep & MY_BIT)
	od
}

/* The mmap lock is outside the maps lock, and never taken twice. */
#define may_lock()	assert(writer != _pid + 1 && !(readers & MY_BIT) && \
			       desc[A].lock != _pid + 1 && desc[B].lock != _pid + 1)
#define mmap_read_lock()	atomic { may_lock(); writer == 0 -> readers = readers | MY_BIT }
#define mmap_read_unlock()	readers = readers & ~MY_BIT
#define mmap_write_lock()	atomic { may_lock(); writer == 0 && readers == 0 -> writer = _pid + 1 }
#define mmap_write_unlock()	writer = 0
#define mmap_unlock()		if :: writer == _pid + 1 -> writer = 0 :: else -> mmap_read_unlock() fi
#define mmget_not_zero(ok)	ok = mm_users > 0; mm_users = mm_users + ok
/* The last user runs exit_mmap(). */
#define mmput()			atomic { mm_users--; if :: mm_users == 0 -> exited :: else fi }

/* Used in atomic sections only. */
#define maps_lock(d)	IN_MODULE; assert(desc[d].refs > 0 && desc[d].lock != _pid + 1); \
			desc[d].lock == 0 -> desc[d].lock = _pid + 1
#define maps_unlock(d)	desc[d].lock = 0

inline free_memory(d)
{
	assert(desc[d].nr_mapped == 0 && !(entries & entries_of(d)));
	desc[d].freed = true
}

inline desc_put(d)
{
	assert(desc[d].refs > 0);
	desc[d].refs--;
	if :: desc[d].refs == 0 -> assert(desc[d].freed); module_refs-- :: else fi
}

inline memory_put(d)
{
	assert(desc[d].need > 0);
	desc[d].need--;
	if
	:: desc[d].need == 0 ->
		/* Memory that was revoked has been freed before. */
		if :: !desc[d].freed -> free_memory(d) :: else fi;
		desc_put(d)
	:: else
	fi
}

inline count_put(m)
{
	atomic {
		IN_MODULE;
		in_use(m);
		assert(mapping[m].count > 0);
		mapping[m].count--;
		if
		:: mapping[m].count == 0 ->
			assert(mapping[m].state == KILLED && !mapping[m].mapped);
			assert(mapping[m].references == 0 && !is_bound_to(m));
			mapping[m].freed = true;
			if :: fault == VACANT_KEEPS_MEMORY -> memory_put(mapping[m].shows) :: else fi;
			desc_put(mapping[m].shows)
		:: else
		fi
	}
}

/* Caller holds the maps lock. Nobody finds the mapping any more. */
inline kill(m)
{
	in_use(m);
	assert(desc[mapping[m].shows].lock == _pid + 1);
	mapping[m].state = KILLED;
	if :: fault != NO_WAKE_ON_KILL -> wake_up() :: else fi
}

/* Remove all entries. Not possible if mm_users is 0: exit_mmap() removes them, and closes. */
inline zap(m, zapped)
{
	atomic { IN_MODULE; in_use(m); mmget_not_zero(zapped) }
	if
	:: zapped ->
		atomic {
			mmap_write_lock();
			if
			:: is_bound_to(m) || fault == ZAP_BY_ADDRESS ->
				assert(is_bound_to(m) || vma == NONE);
				entries = 0
			:: else
			fi;
			if :: fault == MMPUT_LOCKED -> mmput() :: else fi;
			mmap_write_unlock()
		}
		if :: fault != MMPUT_LOCKED -> mmput() :: else fi
	:: else
	fi
}

/* Put the backing of a killed mapping, once. No entry of the mapping is left. */
/* One mapping less may have entries of @d. A revoke waits for the last one. */
inline unmapped(d)
{
	desc[d].nr_mapped--;
	/* Nobody else waits in the same queue for that. */
	if :: fault != NO_WAKE_ON_UNMAP -> asleep = asleep & ~revoker :: else fi
}

inline backing_put(m)
{
	atomic {
		in_use(m);
		maps_lock(mapping[m].shows);
		assert(mapping[m].state == KILLED);
		maps_unlock(mapping[m].shows);
		if
		:: mapping[m].mapped || fault == BACKING_PUT_TWICE ->
			mapping[m].mapped = false;
			assert(desc[mapping[m].shows].nr_mapped > 0);
			unmapped(mapping[m].shows);
			if :: fault != VACANT_KEEPS_MEMORY -> memory_put(mapping[m].shows) :: else fi
		:: else
		fi
	}
}

/* Each killer calls this, even if the mapping was killed before. */
inline zap_and_put(m, zapped)
{
	if :: fault == RELEASE_BEFORE_ZAP -> backing_put(m) :: else fi;
	zap(m, zapped);
	if :: zapped || fault == PUT_UNZAPPED -> backing_put(m) :: else fi;
	zapped = false
}

/* Put a reference of the map. Caller holds no mmap lock. */
inline put(m, last)
{
	if :: fault == PUT_UNLOCKED -> mapping[m].references-- :: else fi;
	atomic {
		/* The mmap lock keeps @shows of a Unique mapping. */
		if :: has(REDIRECT) -> mmap_read_lock() :: else fi;
		maps_lock(mapping[m].shows);
		mapping[m].references = mapping[m].references - (fault != PUT_UNLOCKED);
		last = mapping[m].references == 0;
		if :: last -> kill(m) :: else fi;
		maps_unlock(mapping[m].shows);
		mmap_read_unlock()
	}
	if
	:: last ->
		if
		:: fault == UNMAP_BY_ADDRESS && is_bound_to(m) ->
			atomic { mmap_write_lock(); assert(vma != STRANGER); mmap_write_unlock() }
		:: else
		fi;
		if :: mapping[m].mapped -> zap_and_put(m, last) :: else fi;
		last = false;
		count_put(m)
	:: else
	fi
}

/* iokmem_map_unmap(): end the map while others have references. Caller has one. */
inline unmap(m, zapped)
{
	atomic {
		if :: has(REDIRECT) -> mmap_read_lock() :: else fi;
		maps_lock(mapping[m].shows);
		kill(m);
		maps_unlock(mapping[m].shows);
		mmap_read_unlock()
	}
	zap_and_put(m, zapped)
}

/* Finish a mapping that has lost its VMA. Takes over the VMA's count. */
inline finish(m, last)
{
	backing_put(m);
	atomic {
		maps_lock(mapping[m].shows);
		mapping[m].references = mapping[m].references - mapping[m].task_refs;
		last = mapping[m].task_refs > 0 && mapping[m].references == 0;
		mapping[m].task_refs = 0;
		maps_unlock(mapping[m].shows)
	}
	if :: last -> last = false; count_put(m) :: else fi;
	count_put(m)
}

/* ->close(). Caller holds the mmap lock: munmap() only for reading. No entry is left. */
inline close(m, last)
{
	atomic { maps_lock(mapping[m].shows); kill(m); maps_unlock(mapping[m].shows) }
	if
	:: finish(m, last)
	:: assert(!mapping[m].work); mapping[m].work = true
	fi
}

proctype worker()
{
	byte m;
	bool last;

end:	do
	:: atomic {
		mapping[0].work || mapping[1].work -> m = mapping[1].work;
		mapping[m].work = false;
		working = true
	   }
	   finish(m, last);
	   atomic { IN_MODULE; working = false; m = 0 }
	od
}

/* munmap() downgrades the lock once the VMA cannot be found; mmap() over a VMA does not. */
inline unmap_vma(over, m, last)
{
	mmap_write_lock();
	if
	:: vma == OURS ->
		atomic {
			m = bound;
			bound = 0;
			if
			:: vma = NONE; readers = readers | MY_BIT; writer = 0
			:: !has(RELEASE) -> vma = STRANGER; over = true
			fi
		}
		entries = 0;
		if :: m > 0 -> close(m - 1, last) :: else fi;
		atomic { m = 0; module_refs--; mmap_unlock() }
	:: else -> mmap_write_unlock()
	fi
}

/* Unmap everything. The entries go under the read lock. */
proctype exit_mmap()
{
	byte m;
	bool last;

end:	mm_users == 0;
	atomic { mmap_read_lock(); entries = 0; mmap_read_unlock() }
	mmap_write_lock();
	if
	:: vma == OURS ->
		atomic { m = bound; vma = NONE; bound = 0 }
		if :: m > 0 -> close(m - 1, last) :: else fi;
		module_refs--
	:: else -> vma = NONE
	fi;
	atomic { mmap_write_unlock(); exited = true }
}

/* Make the entry of @page. Caller holds the mmap lock, and has checked the state. */
inline insert(m, page)
{
	atomic {
		IN_MODULE;
		in_use(m);
		assert(is_bound_to(m) && mapping[m].mapped && !desc[mapping[m].shows].freed);
		entries = entries | (1 << (2 * mapping[m].shows + page))
	}
}
