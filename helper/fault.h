/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Points at which a test lets a step fail, or the helper die: one before each step of opening a
 * session, of a load, of a start and of taking sessions over. They are there with -DEG_FAULTS only
 * (fault.c); in the product each is a constant 0, and the compiler leaves nothing of it.
 *
 * This list is the one that tests/vm/test_faults.sh, test_fault_pins.sh and test_versions.sh go
 * through: they fail when one of them is not reached.
 */
#ifndef EG_FAULT_H
#define EG_FAULT_H

/*
 * The points, in the order in which they are reached, and what a step that fails there means:
 * FAILS: what was to be done is not done, all of it is undone, and who asked is told;
 * GOES_ON: it is done all the same: another way, later, or without the step, which is said;
 * NO_STEP: nothing can fail there, but one can be killed there.
 */
#define EG_FAULT_POINTS(X)                                                                         \
	/* a login */                                                                              \
	X(open_admit, GOES_ON)                                                                     \
	X(open_version, GOES_ON)                                                                   \
	X(open_guarded, FAILS)                                                                     \
	X(open_wait, FAILS)                                                                        \
	X(open_refresh, FAILS)                                                                     \
	X(open_refresh_thread, GOES_ON)                                                            \
	X(open_groups, FAILS)                                                                      \
	X(open_groups_thread, FAILS)                                                               \
	X(open_groups_look, FAILS)                                                                 \
	X(open_prove, FAILS)                                                                       \
	X(open_origin, FAILS)                                                                      \
	X(open_origin_netns, FAILS)                                                                \
	X(open_origin_search, FAILS)                                                               \
	X(open_cgroup, FAILS)                                                                      \
	X(open_profile, FAILS)                                                                     \
	X(open_number, FAILS)                                                                      \
	X(open_record, FAILS)                                                                      \
	X(open_record_written, FAILS)                                                              \
	X(open_record_totals, FAILS)                                                               \
	X(open_table, FAILS)                                                                       \
	X(open_mark, GOES_ON)                                                                      \
	X(open_order, FAILS)                                                                       \
	X(open_watch, FAILS)                                                                       \
	X(open_watch_loop, FAILS)                                                                  \
	X(open_level, FAILS)                                                                       \
	X(open_bind, FAILS)                                                                        \
	X(open_label, FAILS)                                                                       \
	X(open_packets, FAILS)                                                                     \
	X(open_packets_in, FAILS)                                                                  \
	X(open_manager_record, FAILS)                                                              \
	X(open_manager_table, FAILS)                                                               \
	X(open_manager_set, FAILS)                                                                 \
	X(open_manager_cgroup, FAILS)                                                              \
	X(open_manager_order, FAILS)                                                               \
	X(open_whole, FAILS)                                                                       \
	X(open_answer, GOES_ON)                                                                    \
	X(open_answered, NO_STEP)                                                                  \
	/* of a login of a user whose manager runs, and is not guarded yet */                      \
	X(manager_remember, FAILS)                                                                 \
	X(manager_bind, FAILS)                                                                     \
	X(manager_packets, FAILS)                                                                  \
	X(manager_watch, FAILS)                                                                    \
	X(manager_label, FAILS)                                                                    \
	/* a reload */                                                                             \
	X(reload_begin, FAILS)                                                                     \
	X(reload_pipe, GOES_ON)                                                                    \
	X(reload_thread, GOES_ON)                                                                  \
	X(load_config, FAILS)                                                                      \
	X(load_log, FAILS)                                                                         \
	X(load_hooks, FAILS)                                                                       \
	X(load_feeds, FAILS)                                                                       \
	X(load_places, FAILS)                                                                      \
	X(load_memory, FAILS)                                                                      \
	X(load_slots, FAILS)                                                                       \
	X(load_compile, FAILS)                                                                     \
	X(load_resolve, FAILS)                                                                     \
	X(load_image, FAILS)                                                                       \
	X(load_wanted, FAILS)                                                                      \
	X(load_looked_up, FAILS)                                                                   \
	X(load_digests, FAILS)                                                                     \
	X(policy_room, FAILS)                                                                      \
	X(policy_trie4, FAILS)                                                                     \
	X(policy_trie6, FAILS)                                                                     \
	X(policy_table4, FAILS)                                                                    \
	X(policy_table6, FAILS)                                                                    \
	X(policy_segments, FAILS)                                                                  \
	X(policy_hashes, FAILS)                                                                    \
	X(policy_items, FAILS)                                                                     \
	X(policy_names, FAILS)                                                                     \
	X(policy_place_rules, FAILS)                                                               \
	X(policy_put, FAILS)                                                                       \
	X(policy_group_put, FAILS)                                                                 \
	X(load_protect, GOES_ON)                                                                   \
	X(load_prepared, FAILS)                                                                    \
	X(load_table, FAILS)                                                                       \
	X(policy_swap, FAILS)                                                                      \
	X(load_swapped, NO_STEP)                                                                   \
	X(policy_settle, GOES_ON)                                                                  \
	X(load_sweep, GOES_ON)                                                                     \
	X(load_keep, GOES_ON)                                                                      \
	X(load_kept, GOES_ON)                                                                      \
	/* a reload that changes nothing */                                                        \
	X(policy_renumber, FAILS)                                                                  \
	X(policy_renumber_profile, FAILS)                                                          \
	/* a start with the pins of an earlier helper */                                           \
	X(start_lock, FAILS)                                                                       \
	X(start_cgroup2, FAILS)                                                                    \
	X(start_memory, FAILS)                                                                     \
	X(start_kernel, FAILS)                                                                     \
	X(start_dir, FAILS)                                                                        \
	X(start_object, FAILS)                                                                     \
	X(start_fit, FAILS)                                                                        \
	X(start_maps, FAILS)                                                                       \
	X(start_iterators, FAILS)                                                                  \
	X(start_packets, FAILS)                                                                    \
	X(start_quick, FAILS)                                                                      \
	X(start_rings, FAILS)                                                                      \
	X(start_wakes, FAILS)                                                                      \
	X(test_policy, FAILS)                                                                      \
	X(test_cgroup, FAILS)                                                                      \
	X(test_line, FAILS)                                                                        \
	X(test_bind, FAILS)                                                                        \
	X(test_fork, FAILS)                                                                        \
	X(test_packets, FAILS)                                                                     \
	X(test_unbind, NO_STEP)                                                                    \
	X(start_accounts, FAILS)                                                                   \
	X(start_table, FAILS)                                                                      \
	X(start_helper, FAILS)                                                                     \
	X(start_places, FAILS)                                                                     \
	X(start_place_watch, FAILS)                                                                \
	X(start_sockets, FAILS)                                                                    \
	X(start_devices, FAILS)                                                                    \
	X(start_load, GOES_ON)                                                                     \
	X(adopt_under_way, FAILS)                                                                  \
	X(adopt_take_back, NO_STEP)                                                                \
	X(adopt_walk, FAILS)                                                                       \
	X(adopt_record, FAILS)                                                                     \
	X(adopt_table, FAILS)                                                                      \
	X(adopt_cgroup, GOES_ON)                                                                   \
	X(adopt_packets, GOES_ON)                                                                  \
	X(adopt_watch, GOES_ON)                                                                    \
	X(adopt_orders, GOES_ON)                                                                   \
	X(adopt_accounts, NO_STEP)                                                                 \
	X(adopt_strays, NO_STEP)                                                                   \
	X(adopt_sweep, NO_STEP)                                                                    \
	X(adopt_survey, NO_STEP)                                                                   \
	X(start_ring, FAILS)                                                                       \
	X(start_story, FAILS)                                                                      \
	X(start_server, FAILS)                                                                     \
	X(start_ready, NO_STEP)                                                                    \
	/* one whose programs take the place of others */                                          \
	X(pins_take, FAILS)                                                                        \
	X(pins_load, FAILS)                                                                        \
	X(pins_attach, FAILS)                                                                      \
	X(pins_unsign, FAILS)                                                                      \
	X(pins_program, FAILS)                                                                     \
	X(pins_program_seen, FAILS)                                                                \
	X(pins_strangers, NO_STEP)                                                                 \
	X(pins_sign, FAILS)                                                                        \
	/* one that finds pins of another version, and later ends that one (test_versions.sh) */   \
	X(versions_open, GOES_ON)                                                                  \
	X(drop_gone, NO_STEP)                                                                      \
	X(drop_emptied, NO_STEP)                                                                   \
	/* one with nothing pinned */                                                              \
	X(fresh_dir, FAILS)                                                                        \
	X(fresh_map, FAILS)                                                                        \
	X(fresh_program, FAILS)                                                                    \
	X(fresh_seen, FAILS)                                                                       \
	X(fresh_sign, FAILS)

enum eg_fault_point {
#define EG_FAULT_ENUM(name, meaning) EG_FAULT_##name,
	EG_FAULT_POINTS(EG_FAULT_ENUM)
#undef EG_FAULT_ENUM
};

/* As the step behind it: 0, or a negative errno, which errno has too. May be called by any
 * thread. */
#ifdef EG_FAULTS
int eg_fault_at(enum eg_fault_point point);
#else
static inline int eg_fault_at(enum eg_fault_point point)
{
	(void)point;
	return 0;
}
#endif

/* Before a step: r = eg_fault(open_bind) ?: eg_bpf_bind(...) */
#define eg_fault(name) eg_fault_at(EG_FAULT_##name)

#endif
