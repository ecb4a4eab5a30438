/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The actors of life.pml.
 */

/* A fault from user mode. Only such a fault waits. */
proctype touch()
{
	byte m;

	do
	:: fatal -> break
	:: !fatal ->
		mmap_read_lock();
		if
		:: vma != OURS || bound == 0 || mapping[bound - 1].state == KILLED ->
			mmap_read_unlock();	/* other memory, SIGSEGV or SIGBUS */
			break
		:: else -> m = bound - 1
		fi;
		if
		:: !mapping[m].blocked ->
			if :: fault == HANDLER_UNLOCKED -> mmap_read_unlock() :: else fi;
			insert(m, 0);
			mmap_read_unlock();
			break
		:: else
		fi;
		atomic {
			mapping[m].count = mapping[m].count + (fault != WAIT_UNCOUNTED);
			module_refs = module_refs + (fault != WAIT_NO_FILE);
			if :: fault != WAIT_LOCKED -> mmap_read_unlock() :: else fi
		}
		wait_event(!mapping[m].blocked || mapping[m].state == KILLED || fatal);
		mmap_read_unlock();
		if :: fault != WAIT_UNCOUNTED -> count_put(m) :: else -> in_use(m) fi;
		/* fput() has its effect only when the handler has returned. */
		atomic { IN_MODULE; module_refs = module_refs - (fault != WAIT_NO_FILE); m = 0 }
	od;
	atomic { mmput(); running-- }
}

/* Fill in advance, one page in each step. The caller has a count of mapping 0. */
proctype fill()
{
	byte page, index, nr;
	bool in_mm;

	atomic { made; mmget_not_zero(in_mm); index = offset_of(A) }
	do
	:: is_given && in_mm && page < 2 ->
		mmap_read_lock();
		if
		:: !is_bound_to(0) || mapping[0].state == KILLED || mapping[0].blocked ->
			mmap_read_unlock();
			break
		:: else
		fi;
		if :: fault != STALE_INDEX -> index = offset_of(mapping[0].shows) + page :: else fi;
		assert(index < pages_of(mapping[0].shows));
		/* fixup_user_fault() may drop the lock. It faults on the VMA that it finds then. */
		if
		:: mmap_read_unlock(); mmap_read_lock()
		:: skip
		fi;
		if
		:: vma == OURS && bound > 0 && mapping[bound - 1].state == LIVE &&
		   !mapping[bound - 1].blocked ->
			insert(bound - 1, page)
		:: else
		fi;
		nr = 1;
		if
		:: fault == STALE_INDEX ->
			/* How many pages there are from @index on, at most one. */
			assert(index < pages_of(mapping[0].shows));
			nr = index < pages_of(mapping[0].shows);
			index = index + nr
		:: else
		fi;
		atomic { mmap_read_unlock(); page = page + nr }
	:: else -> break
	od;
	atomic { page = 0; index = 0; nr = 0 }
	if :: in_mm -> mmput() :: else fi;
	if :: is_given -> count_put(0) :: else fi;
	atomic { running--; module_refs-- }
}

proctype munmap()
{
	byte m;
	bool last, mine;

	unmap_vma(mine, m, last);
	if
	:: !mine && !has(RELEASE) ->
		atomic {
			mmap_write_lock();
			if :: vma == NONE -> vma = STRANGER; mine = true :: else fi;
			mmap_write_unlock()
		}
	:: skip
	fi;
	/* The module must neither unmap the program's memory nor make entries there. */
	assert(!mine || (vma == STRANGER && entries == 0));
	atomic { mmput(); running-- }
}

/*
 * The task's last release of a map unmaps by address, in the task. A program that unmaps the
 * address in another thread at the same time, and maps other memory there, loses that memory:
 * it has unmapped twice.
 */
proctype release()
{
	byte m, was;
	bool last, over;

	atomic {
		made;
		mmap_read_lock();
		if
		:: vma == OURS && bound > 0 ->
			was = bound - 1;
			maps_lock(mapping[was].shows);
			if
			:: mapping[was].task_refs > 0 ->
				mapping[was].task_refs--;
				mapping[was].references--;
				last = mapping[was].references == 0;
				if
				:: last -> kill(was); mapping[was].leaving = fault != TAKE_UP_LEAVING
				:: else
				fi
			:: else
			fi;
			maps_unlock(mapping[was].shows)
		:: else
		fi;
		mmap_read_unlock()
	}
	if
	:: last ->
		/* vm_munmap() must not find another mapping. */
		assert(vma == NONE || is_bound_to(was) || has(MUNMAP));
		last = false;
		unmap_vma(over, m, last);
		if :: mapping[was].mapped -> zap_and_put(was, last) :: else fi;
		count_put(was)
	:: else
	fi;
	atomic { mmput(); running-- }
}

proctype put_reference()
{
	bool last;

	made;
	if
	:: is_given ->
		if
		:: unmap(0, last)
		:: skip
		fi;
		put(0, last)
	:: else
	fi;
	atomic { running--; module_refs-- }
}

/* Redirect to nothing. */
inline block(ok)
{
	atomic { mmget_not_zero(ok) }
	if
	:: ok ->
		atomic {
			mmap_write_lock();
			if :: is_bound_to(0) -> mapping[0].blocked = true; entries = 0 :: else fi;
			mmap_write_unlock()
		}
		mmput()
	:: else
	fi
}

/* Redirect to @d. If that fails, a live mapping shows its old backing again. */
inline redirect_to(d, ok, old)
{
	/* Get the new backing ready. */
	atomic {
		maps_lock(d);
		ok = !desc[d].revoked;
		desc[d].nr_mapped = desc[d].nr_mapped + ok;
		desc[d].need = desc[d].need + ok;
		desc[d].refs = desc[d].refs + ok;
		maps_unlock(d);
		old = (ok -> d : 2);
		mmget_not_zero(ok)
	}
	if
	:: ok ->
		mmap_write_lock();
		if
		:: is_bound_to(0) ->
			atomic {
				maps_lock(A);
				maps_lock(B);
				ok = mapping[0].state == LIVE || fault == REDIRECT_KILLED;
				if
				:: ok && old == d && !desc[d].revoked ->
					old = mapping[0].shows;
					mapping[0].shows = d
				:: else
				fi;
				maps_unlock(B);
				maps_unlock(A)
			}
			entries = 0;
			atomic {
				mapping[0].blocked = mapping[0].blocked && !ok;
				if :: ok && fault != NO_WAKE_ON_REDIRECT -> wake_up() :: else fi
			}
		:: else
		fi;
		mmap_write_unlock();
		mmput()
	:: else
	fi;
	/* Put the backing that is not shown: the old one, or on failure the new one. */
	atomic {
		if :: old < 2 -> unmapped(old); memory_put(old); desc_put(old) :: else fi;
		ok = false;
		old = 0
	}
}

proctype redirect()
{
	bool ok, last;
	byte old;

	made;
	if
	:: is_given ->
		if :: block(ok) :: skip fi;
		redirect_to(B, ok, old);
		if
		:: block(ok); redirect_to(A, ok, old)
		:: redirect_to(A, ok, old)
		:: skip
		fi;
		put(0, last)
	:: else
	fi;
	atomic { memory_put(A); memory_put(B); running--; module_refs-- }
}

#define shows_live(m)	(mapping[m].used && mapping[m].shows == A && mapping[m].state == LIVE)
#define to_end(m)	(shows_live(m) && (live & (1 << m)))
/* A mapping that was killed before may not be zapped yet. */
#define all_ended	(desc[A].nr_mapped == 0 || fault == REVOKE_NO_WAIT)

/*
 * A mapping that is building goes live, and is ended then. When revoke returns, the memory may
 * be given back to the device.
 */
proctype revoke()
{
	byte m, live = 3;
	bool zapped, over;

	atomic {
		maps_lock(A);
		desc[A].revoked = true;
		revoker = MY_BIT;
		if :: fault == REVOKE_ONCE -> live = shows_live(0) + 2 * shows_live(1) :: else fi;
		maps_unlock(A)
	}
	do
	:: !over ->
		wait_event(to_end(0) || to_end(1) || all_ended);
		atomic {
			maps_lock(A);
			m = (to_end(0) -> 0 : (to_end(1) -> 1 : 2));
			over = m == 2 && all_ended;
			if :: m < 2 -> mapping[m].count++; kill(m) :: else fi;
			if :: m == 2 || fault != ZAP_IN_MAPS_LOCK -> maps_unlock(A) :: else fi
		}
		if :: m < 2 -> zap_and_put(m, zapped); count_put(m) :: else fi
	:: else -> break
	od;
	atomic {
		if :: !desc[A].freed -> free_memory(A) :: else fi;
		memory_put(A);
		running--;
		module_refs--
	}
}

#define is_shared(m) (mapping[m].used && !has(REDIRECT) && mapping[m].state != KILLED)

/* A request for two pages of A, by a driver or by the program. */
proctype request()
{
	byte m, old;
	bool last, is_task, ok;

	if :: is_task = true :: skip fi;
again:	atomic {
		maps_lock(A);
		m = (is_shared(1) -> 1 : 0);
		if
		:: desc[A].revoked -> maps_unlock(A); goto out
		:: !desc[A].revoked && is_shared(m) && mapping[m].state == BUILDING ->
			mapping[m].count++;
			maps_unlock(A);
			goto wait
		:: !desc[A].revoked && is_shared(m) && mapping[m].state == LIVE ->
			assert(mapping[m].references > 0);
			mapping[m].references++;
			mapping[m].task_refs = mapping[m].task_refs + is_task;
			maps_unlock(A);
			goto have
		:: else
		fi;
		/* List a mapping as building. The maker has a reference and a count. */
		m = mapping[0].used;
		mapping[m].used = true;
		mapping[m].state = BUILDING;
		mapping[m].mapped = true;
		mapping[m].references = 1;
		mapping[m].count = 1 + (fault != MAKER_UNCOUNTED);
		desc[A].refs++;
		desc[A].need++;
		desc[A].nr_mapped++;
		maps_unlock(A);
		mmget_not_zero(ok)
	}
	if :: !ok -> goto fail :: else -> ok = false fi;
	mmap_write_lock();
	if
	:: vma == OURS && bound > 0 && mapping[bound - 1].state == KILLED &&
	   !mapping[bound - 1].leaving ->
		/* Take up the vacant VMA. Its killed mapping may not be zapped yet. */
		old = bound;
		if :: fault != TAKE_UP_UNZAPPED -> entries = 0 :: else fi;
		ok = true
	:: vma == NONE ->
		/* vm_mmap(), then the claim. The program may unmap the VMA in between. */
		atomic { vma = OURS; module_refs++; mmap_write_unlock() }
		mmap_write_lock();
		ok = (vma == OURS && bound == 0) || fault == CLAIM_UNCHECKED
	:: else
		/* Another address would be used. The model has none: the request fails. */
	fi;
	if
	:: ok ->
		/* Bind, fill and publish the mapping. */
		atomic {
			assert(vma == OURS && bound == old && entries == 0);
			bound = m + 1;
			mapping[m].count++
		}
		entries = entries_of(A);
		atomic {
			maps_lock(A);
			/* A revoke that has come since the listing ends the mapping. */
			assert(mapping[m].state == BUILDING);
			mapping[m].state = LIVE;
			mapping[m].task_refs = is_task;
			if
			:: m == 0 ->
				made = true;
				is_given = true;
				mapping[0].references = mapping[0].references + has(PUT) + has(REDIRECT);
				mapping[0].count = mapping[0].count + has(FILL)
			:: else
			fi;
			if :: fault != NO_WAKE_ON_LIVE -> wake_up() :: else fi;
			maps_unlock(A)
		}
	:: else
	fi;
	mmap_write_unlock();
	if
	:: old > 0 && fault != TAKE_UP_NO_CLOSE -> finish(old - 1, last)
	:: old > 0 && fault == TAKE_UP_NO_CLOSE -> backing_put(old - 1); count_put(old - 1)
	:: else
	fi;
	old = 0;
	mmput();
	if
	:: ok ->
		ok = false;
		/* The maker reads the address, or fills the pages in advance. */
		in_use(m);
		if :: fault != MAKER_UNCOUNTED -> count_put(m) :: else fi;
		goto have
	:: else
	fi;
fail:	atomic { maps_lock(A); kill(m); maps_unlock(A); made = made || m == 0 }
	backing_put(m);
	put(m, last);
	if :: fault != MAKER_UNCOUNTED -> count_put(m) :: else fi;
	goto out;

wait:	wait_event(mapping[m].state != BUILDING);
	count_put(m);
	goto again;

	/* The task's reference stays until a release, or until the VMA is closed. */
have:	if :: !is_task -> put(m, last) :: else fi;

out:	atomic { made = made || !mapping[0].used; memory_put(A); running--; module_refs-- }
}

proctype exit_program()
{
	atomic { fatal = true; wake_up() }
	atomic { mmput(); running-- }
}

proctype unload()
{
	module_refs == 0;
	fault == UNLOAD_NO_FLUSH || work_is_done;
	unloaded = true
}
