/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of the life of user mappings, for spin. scripts/life checks it exhaustively.
 *
 * The model has one address space with room for one VMA. Mapping 0 shows descriptor A, and B
 * when it is redirected. A second request may make mapping 1. ACTORS selects the actors. Each
 * runs once, at the same time as the others. The program exits when all actors have ended,
 * and then every object must be gone.
 *
 * FAULT breaks one rule of the design, to prove that the search notices.
 *
 * A section under a maps lock is one atomic step, because nothing in it waits. A section under
 * the mmap lock is one atomic step if the mmap lock protects everything in it. A value that
 * the code reads without a lock is read in a step of its own.
 *
 * life_objects.pml has the objects, the locks and the verbs; life_actors.pml has the actors.
 * The choice is made by spin -DACTORS='MUNMAP+PUT' -DFAULT=0, or else by variables of these
 * names in the environment of the verifier.
 */

/* Actors. The program's threads are TOUCH, MUNMAP and RELEASE. */
#define TOUCH		1	/* touches the mapping */
#define FILL		2	/* fills the mapping in advance */
#define MUNMAP		4	/* munmap(), and mmap() of other memory at the address */
#define PUT		8	/* a driver puts its reference of the map, or unmaps it first */
#define REDIRECT	16	/* a driver redirects the map, which is Unique, and puts it */
#define REVOKE		32	/* a driver revokes descriptor A */
#define REQUEST		64	/* a request for A: shares, takes up a vacant VMA, or makes one */
#define MAKE		128	/* such a request when there is no mapping yet */
#define EXIT		256	/* the program is killed */
#define UNLOAD		512	/* rmmod */
#define RELEASE		1024	/* the program releases the map by ioctl */

/* Faults */
#define STALE_INDEX		1	/* the filler keeps an index over a fault */
#define UNMAP_BY_ADDRESS	2	/* the last put checks whose VMA is there, then unmaps */
#define RELEASE_BEFORE_ZAP	3	/* the last put drops the backing, and zaps then */
#define NO_WAKE_ON_KILL		4	/* kill wakes nobody */
#define NO_WAKE_ON_REDIRECT	5	/* redirect wakes nobody */
#define NO_WAKE_ON_LIVE		6	/* going live wakes nobody */
#define BACKING_PUT_TWICE	7	/* each killer puts the backing */
#define ZAP_BY_ADDRESS		8	/* zap does not check whose VMA is there */
#define TAKE_UP_UNZAPPED	9	/* a vacant VMA is taken up with its old entries */
#define TAKE_UP_NO_CLOSE	10	/* ... while the old mapping keeps its task references */
#define TAKE_UP_LEAVING		11	/* ... although an ioctl is about to unmap it */
#define CLAIM_UNCHECKED		12	/* the claim binds any VMA at the address */
#define REVOKE_ONCE		13	/* revoke ends only what is live when it marks */
#define MAKER_UNCOUNTED		14	/* the maker has no count of its own */
#define REVOKE_NO_WAIT		15	/* revoke does not wait until nothing is mapped */
#define NO_WAKE_ON_UNMAP	16	/* the last mapping to go wakes no revoke */
#define REDIRECT_KILLED		17	/* the exchange accepts a killed mapping */
#define PUT_UNLOCKED		18	/* a reference is dropped before the lock is taken */
#define PUT_UNZAPPED		19	/* the backing is put if mm_users is 0 and zap cannot run */
#define VACANT_KEEPS_MEMORY	20	/* the memory goes with the mapping, not the backing */
#define WAIT_LOCKED		21	/* a fault sleeps with the mmap lock */
#define WAIT_UNCOUNTED		22	/* a fault sleeps without a count of the mapping */
#define WAIT_NO_FILE		23	/* a fault sleeps without a reference of the VMA's file */
#define UNLOAD_NO_FLUSH		24	/* unloading does not wait for work items */
#define ZAP_IN_MAPS_LOCK	25	/* revoke zaps with the maps lock held */
#define MMPUT_LOCKED		26	/* zap calls mmput() before it unlocks */
#define HANDLER_UNLOCKED	27	/* entries are made without the mmap lock */

#include "life_objects.pml"
#include "life_actors.pml"

#define start(actor, process)	if :: has(actor) -> running++; run process() :: else fi

init {
	atomic {
#ifdef ACTORS
		actors = ACTORS;
		fault = FAULT;
#else
		c_code { now.actors = atoi(getenv("ACTORS")); now.fault = atoi(getenv("FAULT")); };
#endif
		desc[A].need = has(REDIRECT) + has(REVOKE) + has(REQUEST) + has(MAKE);
		desc[B].need = has(REDIRECT);
		module_refs = has(PUT) + has(REDIRECT) + has(REVOKE) + has(REQUEST) + has(MAKE) + has(FILL);
		mm_users = 1 + has(TOUCH) + has(MUNMAP) + has(RELEASE);
		if
		:: !has(MAKE) ->
			/* Mapping 0 is live. The program may have a reference, too. */
			made = true;
			is_given = true;
			mapping[0].used = true;
			mapping[0].state = LIVE;
			mapping[0].mapped = true;
			mapping[0].references = has(PUT) + has(REDIRECT);
			if
			:: mapping[0].task_refs = 1
			:: mapping[0].references > 0
			fi;
			mapping[0].references = mapping[0].references + mapping[0].task_refs;
			mapping[0].count = 2 + has(FILL);
			desc[A].nr_mapped = 1;
			desc[A].need++;
			desc[A].refs = 1;
			vma = OURS;
			bound = 1;
			if :: entries = 1 :: skip fi;
			module_refs++
		:: else
		fi;
		desc[A].refs = desc[A].refs + 1;
		desc[B].refs = has(REDIRECT);
		module_refs = module_refs + 1 + has(REDIRECT);
		run worker();
		run exit_mmap();
		start(TOUCH, touch);
		start(FILL, fill);
		start(MUNMAP, munmap);
		start(PUT, put_reference);
		start(REDIRECT, redirect);
		start(REVOKE, revoke);
		start(REQUEST, request);
		start(MAKE, request);
		start(EXIT, exit_program);
		start(RELEASE, release);
		if :: has(UNLOAD) -> run unload() :: else fi
	}
	/* A killed mapping keeps no memory, even if its VMA is still there. */
	atomic {
		running == 0 && work_is_done;
		assert(desc[A].need == desc[A].nr_mapped && desc[B].need == desc[B].nr_mapped)
	}
	if :: !has(EXIT) -> mmput() :: else fi;
	atomic {
		exited && work_is_done;
		assert(!mapping[0].used || mapping[0].freed);
		assert(!mapping[1].used || mapping[1].freed);
		assert(desc[A].nr_mapped == 0 && desc[A].refs == 0);
		assert(desc[B].nr_mapped == 0 && desc[B].refs == 0);
		assert(module_refs == 0)
	}
	!has(UNLOAD) || unloaded
}
