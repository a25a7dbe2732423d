/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pieces of messages about wrong configurations. */
#ifndef EG_TEST_CONFIG_MESSAGES_H
#define EG_TEST_CONFIG_MESSAGES_H

#define DIGEST	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST_HIGH "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

#define SYNTAX(n)                                                                                  \
	"f:" #n ": syntax error near line " #n                                                     \
	": settings are written key = value; and elements are "                                    \
	"separated by commas"
#define NETWORK " is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32"
#define KNOWN                                                                                      \
	"; known here: mode, action, default, deny, allow, deny_files, allow_files, egress, "      \
	"bind, sockets, setuid, mount, capabilities, unix, files, exec, leaving, tampering, "      \
	"record, rules, strict, managers, log, profiles, match"
#define WRONG_ACTION(group)                                                                        \
	{                                                                                          \
		group " = { action = \"allow\"; };",                                               \
			"f:1: " group ".action: expected \"deny\" or \"kill\" or \"audit\", "      \
			"got \"allow\""                                                            \
	}
#define CAPABILITIES "; known are those of capabilities(7) such as SYS_ADMIN and NET_RAW"
#define NAME_LETTERS "holds what no name does: a colon, a slash or a control character"
#define ID	     "needs to be a number from 0 to 4294967294 without leading zeros"
#define MOUNT	     "is neither a file system type such as tmpfs nor an absolute path such as /mnt"
#define SERVER	     "is neither an absolute path such as /run/x nor an abstract name such as @x"
#define NAMES                                                                                      \
	"; known are raw, sctp, dccp, udplite and the families of address_families(7) such as "    \
	"AF_PACKET and AF_VSOCK"
#define RANGE " is out of range; integers go from -2147483648 to 2147483647"

#endif
