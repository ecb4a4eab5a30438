// SPDX-License-Identifier: GPL-2.0
/*
 * Suites of mappings: sharing, lifetime, redirecting and revoking, and ranges of addresses.
 * They are compiled as one, since the kernel's headers take most of the time of compiling each.
 */
#include "mapping_test.c"
#include "guard_test.c"
#include "sharing_test.c"
#include "lifetime_test.c"
#include "redirect_test.c"
#include "driver_test.c"
#include "revoke_test.c"
#include "static_test.c"
#include "range_test.c"
#include "addresses_test.c"
#include "charge_test.c"
