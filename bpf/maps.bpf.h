/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps. abi.h has what is in them; sizes are there too.
 */
#ifndef EG_MAPS_BPF_H
#define EG_MAPS_BPF_H

#include "kernel_types.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "abi_event.h"

/* session.bpf.c defines the maps; in the other objects they are extern and bpftool's linker joins
 * them. */
#ifdef EG_DEFINE_MAPS
#define EG_MAP
#else
#define EG_MAP extern
#endif

/* cgroup id -> who guards it. Written by the helper and by eg_cgroup_mkdir. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__type(key, __u64);
	__type(value, struct eg_guard);
} eg_sessions SEC(".maps");

/* task -> who guards it, wherever it is moved to. Written by the helper (leader), the label
 * iterator and at fork. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct eg_label);
} eg_labels SEC(".maps");

/* uid -> guard for that user's manager (user@UID.service), should it be made anew. Written by the
 * helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct eg_guard);
} eg_managers SEC(".maps");

/* slot -> policy in force. The only value a reload swaps. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_PROFILES_MAX);
	__type(key, __u32);
	__type(value, struct eg_profile);
} eg_profiles SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__type(value, struct eg_policy);
} eg_policies SEC(".maps");

/* policy -> trie of networks. The helper makes the tries; these are only their shape (sizes, not
 * types: clang leaves out types that are only reached through an inner map's pointers). */
struct eg_lpm4 {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, EG_PREFIXES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct eg_lpm4_key));
	__uint(value_size, sizeof(struct eg_entry));
};

struct eg_lpm6 {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, EG_PREFIXES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct eg_lpm6_key));
	__uint(value_size, sizeof(struct eg_entry));
};

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__array(values, struct eg_lpm4);
} eg_tries4 SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__array(values, struct eg_lpm6);
} eg_tries6 SEC(".maps");

/* policy -> its lists, one after the other. The helper makes each as large as it must be. */
struct eg_list {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct eg_segment));
};

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__array(values, struct eg_list);
} eg_segments SEC(".maps");

/* policy -> digests of programs that must not be run. The helper makes each as large as it must
 * be. */
struct eg_hash_set {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct eg_hash));
	__uint(value_size, sizeof(__u32));
};

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__array(values, struct eg_hash_set);
} eg_hashes SEC(".maps");

/* Small sets of numbers of each policy: ids not to be gained, files that are exceptions. Written by
 * the helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_ITEMS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_item_key);
	__type(value, __u32);
} eg_items SEC(".maps");

/* The same for names. Written by the helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_NAMES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_name_key);
	__type(value, __u32);
} eg_names SEC(".maps");

/* Files and directories that the built-in list or rules are about, see abi.h. Written by the helper
 * at start and at each reload. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_PLACES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_file_id);
	__type(value, struct eg_place);
} eg_places SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_PLACES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_place_key);
	__type(value, struct eg_place);
} eg_place_names SEC(".maps");

/* What has come to stand in such a name since. Written here; the oldest give way. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EG_LEARNED_MAX);
	__type(key, struct eg_file_id);
	__type(value, struct eg_place);
} eg_learned SEC(".maps");

/* The same, from what sessions do: who makes files by such a name without end must not make others
 * forgotten than his like's. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EG_LEARNED_MAX);
	__type(key, struct eg_file_id);
	__type(value, struct eg_place);
} eg_learned_inside SEC(".maps");

/* What a file was when it got another name. Written here; two maps for the same reason. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EG_LEARNED_MAX);
	__type(key, struct eg_file_id);
	__type(value, struct eg_linked);
} eg_linked SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EG_LEARNED_MAX);
	__type(key, struct eg_file_id);
	__type(value, struct eg_linked);
} eg_linked_inside SEC(".maps");

/* What each policy says about a place. Written by the helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_PLACE_RULES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_place_rule_key);
	__type(value, struct eg_place_rule);
} eg_place_rules SEC(".maps");

/* Flows the packet layer, or a hook under audit, has reported. The oldest give way: then a flow
 * that goes on is reported once more. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EG_FLOWS_MAX);
	__type(key, struct eg_flow);
	__type(value, __u64);
} eg_flows SEC(".maps");

/* socket -> session that came in by it. Written by the helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} eg_connections SEC(".maps");

/* socket -> whose policy blocked it: outlives the session, as what its queue holds does. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct eg_guard);
} eg_blocked SEC(".maps");

/* socket -> label of the task that made it, where its cgroup stands for another profile or for
 * none: the packet layer goes by both. Sockets that it accepts have it too. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct eg_guard);
} eg_marks SEC(".maps");

/* socket -> the program that has made or connected it last, if it has rules of its own: the packet
 * layer, which sees no process, goes by them. Sockets that it accepts have it too. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct eg_file_id);
} eg_programs SEC(".maps");

/* session number -> counts. The entry is the helper's; the numbers are ours. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct eg_totals);
} eg_totals SEC(".maps");

/* session number -> who it is. The helper's notebook: no program reads it, but it must outlive the
 * helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct eg_record);
} eg_records SEC(".maps");

/* session number -> what an administrator has ordered for it. Written by the helper; looked at
 * while eg_state.n_orders says there are any. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct eg_order);
} eg_orders SEC(".maps");

/* session number -> what of its counts is in the log. The helper's notebook, as eg_records is. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct eg_written);
} eg_written SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct eg_writing);
} eg_writing SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct eg_state);
} eg_state SEC(".maps");

/* tgid of the helper in the initial pid namespace, 0 = it does not run: what sessions are to leave
 * alone. By itself, because a helper of another version writes it, too. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} eg_helper SEC(".maps");

/* Counted up here when a symbolic link comes to stand for a place: where it leads is for the helper
 * to find out. Not a part of eg_state, which the helper replaces as a whole. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} eg_links SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EG_EVENTS_SIZE);
} eg_events SEC(".maps");

/* enum eg_ring_name -> when its reader is woken. Written by both sides, each as a whole word. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_RINGS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_wake);
} eg_wakes SEC(".maps");

#endif
