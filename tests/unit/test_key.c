// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * SHA-256 against FIPS 180-4 and fingerprints against OpenSSH's: each key and certificate below was
 * made by ssh-keygen 9.2, each fingerprint printed by its -l. The security keys' parts are those of
 * the others, since no hardware is here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "key.h"
#include "proto.h"
#include "util.h"

static const struct {
	const char *name, *fingerprint, *info;
} keys[] = {
	{"ed25519", "SHA256:lbGysKOTGaoaKdRCOKJ5Lwf3azu9V6JdSUnhR5S+20o",
	 "publickey ssh-ed25519 "
	 "AAAAC3NzaC1lZDI1NTE5AAAAIO7qfNzTn7TfOtyzNsYDYRBHhbDEuLJFRs3zN2Jr390a"},
	{"rsa-4096", "SHA256:+luu1vKRuQiuWVjMe5vyvq/rOmbpGAarJl27nyQWfw0",
	 "publickey ssh-rsa "
	 "AAAAB3NzaC1yc2EAAAADAQABAAACAQCfSU9W934EcuffzJ07hT4+NLcS+DGepaZW2TDDbn8QGhWpzOUp"
	 "e0sWbGkZqNJaSFcU0HJ0Iwc+cLqjK+s/ooXfF0aLC2l1zsbQekMG7IkIR+mmB0Y+O7zCOrg2IG3XCk8w"
	 "0E0670cqAlvjIwEB1HQh/07fxZ1VS4vStya+ncIRNRaDn28OE1SoZY+kGhjMB6YJk5+q38m8SwsII7FX"
	 "/zSn50geGYnanBwoHwVXkZMUtHnK4rFZeIMUp4o2FT4s/s57m8faY1VdAhT/+fq/qtArnpSOgkjL97w8"
	 "iCTme/T7klkT/tyBAySu++B9S2wu4LohOXnc0oqbMS671hsqf7gFJdfJjyYhiNLMDQT60E8TnN7vhsao"
	 "JuyytlOnM3sb4GWUXxbrLT/UChgTt0cSRWPn2o69W67jTSeZ8Zg72NCNrTgQjbT/tPYch/gua335DLZF"
	 "SRA0AjYBLZV4SnLgHTMg2cPeK/8BgHmYWoUyNlbgpcb/59NGYd1BC3vbBbc+HDPV+pj9k6Q6EJEdMZsX"
	 "hZhf1JcJrqIMKz7Xj7cDuqOieDXhmx65P15zXqwuDEzrM6PYeW/7MsZRyrwFltjCmtGbjbQFIu4EMy0P"
	 "3Ucqlu25DQ881UVT8QiZO1o9p7HEKJCzZOkqTl+2gDNRok8R31CXnuLuBvtqCvOhnkN/dwL1ew=="},
	{"ecdsa-256", "SHA256:kBp3EgVAU3GJ3Atla6e+yaFrYYF4khcXCI0t4DVdf4U",
	 "publickey ecdsa-sha2-nistp256 "
	 "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCtFKcRvR6DgSmg9kZVdcRGCFrS6"
	 "zq91aWnmTvGWHanDQZV1PDXynrI0QOWH1MlbaKwJ5CE7WAxTsWQZ9QSJ5Oc="},
	{"ecdsa-384", "SHA256:uO28ALW31zL8Anaw7WfDEm21BeUEoKHEeril805wIws",
	 "publickey ecdsa-sha2-nistp384 "
	 "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBEeaK+doP4EyWWUvEI7CqEElgGwc"
	 "87Iny02VyHmYJ7uQPsz20s4TAEAhAJMk2uT3ePzBHLDqadbKG6EkiqtWDivR2jA4aSdw7axegPJNfQyM"
	 "Ao/aaSgIjNDAovGBgpeDEQ=="},
	{"ecdsa-521", "SHA256:yp8md1hdctz4PR6hsJAwiUZ73eOknkpIK0vyX2Q3nao",
	 "publickey ecdsa-sha2-nistp521 "
	 "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBACvIhuurgpe7x6sTdfPFi86/ve9"
	 "vvV/+U4pxZn40L/GfDXavIXDLz6N7ux7zhUbMS9AqwLS8rb3DAjkbLz/Qi0cDwFwtpc+cuCO8+lLfZ1r"
	 "83CaAeFTo1urDsJ/gZZ4DxWlkOXf+P0reZBxMBV0jh11SAuKy4/ahadNoXFgFQhpriFnjw=="},
	{"sk-ed25519", "SHA256:LFGHpSSh8PabdpK3cfQsli4l7GqujDJErFy7dZr6v6I",
	 "publickey sk-ssh-ed25519@openssh.com "
	 "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIO7qfNzTn7TfOtyzNsYDYRBHhbDEuLJFRs3z"
	 "N2Jr390aAAAABHNzaDo="},
	{"sk-ecdsa", "SHA256:cilKJggnbNtuFPRtvrRq8IqyTw7C4gnK7AWwdPTMrAM",
	 "publickey sk-ecdsa-sha2-nistp256@openssh.com "
	 "AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBCtFKcRv"
	 "R6DgSmg9kZVdcRGCFrS6zq91aWnmTvGWHanDQZV1PDXynrI0QOWH1MlbaKwJ5CE7WAxTsWQZ9QSJ5OcA"
	 "AAAEc3NoOg=="},
	{"ed25519 user certificate", "SHA256:lbGysKOTGaoaKdRCOKJ5Lwf3azu9V6JdSUnhR5S+20o",
	 "publickey ssh-ed25519-cert-v01@openssh.com "
	 "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIJCQARG1uQUfI1P9c5/T7EFvZcNW"
	 "8w8iL7LKyHGq0UKvAAAAIO7qfNzTn7TfOtyzNsYDYRBHhbDEuLJFRs3zN2Jr390aAAAAAAAAAAAAAAAB"
	 "AAAAAmlkAAAACQAAAAVhbGljZQAAAAAAAAAA//////////8AAAAAAAAAggAAABVwZXJtaXQtWDExLWZv"
	 "cndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1m"
	 "b3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAA"
	 "MwAAAAtzc2gtZWQyNTUxOQAAACDHeGk3190Zex5LHne1GkIhBj+31hSfY9HdSIB1EvvGhwAAAFMAAAAL"
	 "c3NoLWVkMjU1MTkAAABA+w1Wz7LzKsA9eXrEaX2fMaeStzu6a9AqqGX3U/khrTlou1j3/YPpS3qhcVnQ"
	 "ibwlk+LXnefskCuvgkksAYRADA=="},
	{"ed25519 host certificate", "SHA256:lbGysKOTGaoaKdRCOKJ5Lwf3azu9V6JdSUnhR5S+20o",
	 "publickey ssh-ed25519-cert-v01@openssh.com "
	 "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIG8SE5ncjp5PKFwOIOveSPUSmUlc"
	 "evXePMW6OzT/rKC5AAAAIO7qfNzTn7TfOtyzNsYDYRBHhbDEuLJFRs3zN2Jr390aAAAAAAAAAAcAAAAC"
	 "AAAABGhvc3QAAAANAAAACWguZXhhbXBsZQAAAAAAAAAA//////////8AAAAAAAAAAAAAAAAAAAAzAAAA"
	 "C3NzaC1lZDI1NTE5AAAAIMd4aTfX3Rl7Hksed7UaQiEGP7fWFJ9j0d1IgHUS+8aHAAAAUwAAAAtzc2gt"
	 "ZWQyNTUxOQAAAEAI2qlM4fmf7+BAEKwVmvuVKFuxd5TQfN9a+jZLavx8FP8skJABo/IdHloPPLeeWUwN"
	 "AwU3Nyh0xrR6upvezQAM"},
	{"rsa certificate", "SHA256:dFgwkoAdf6zpkS2pC9JXdWoYTqJKN75JpV7UIDCLhiM",
	 "publickey ssh-rsa-cert-v01@openssh.com "
	 "AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgPaP2W9vC1hseWusC9AbnuRgJubVDZLz6"
	 "FQxmDCkG4ZAAAAADAQABAAAAgQCwiuwLux7urgkLgYQKyvleJcp6Q5hqXyNS+Fo9dy6zdZSESBv2utzA"
	 "zdpQZCIw/uGyRM7KQmZ8UR4IJ6G6PplvCvpy1amf6MFcF5pB+/evvmG0GPo7BodRJ1hARN+X77i6bTBp"
	 "BVnmlilUmQ5AmQm8aBLv01redargpLTVGPJO8QAAAAAAAAAAAAAAAQAAAAJpZAAAAAkAAAAFYWxpY2UA"
	 "AAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJt"
	 "aXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVy"
	 "bWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg"
	 "x3hpN9fdGXseSx53tRpCIQY/t9YUn2PR3UiAdRL7xocAAABTAAAAC3NzaC1lZDI1NTE5AAAAQP5OBAU+"
	 "rhGT0hIjF4HQw1szqQeirfne/Ptpdj1dP5pmy4tMndXcPK8ABSfS3G99+N8+yCZtNRAEwz5re3LlRQ0="},
	{"ecdsa-256 certificate", "SHA256:kBp3EgVAU3GJ3Atla6e+yaFrYYF4khcXCI0t4DVdf4U",
	 "publickey ecdsa-sha2-nistp256-cert-v01@openssh.com "
	 "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAg1tpeLZHMnCTDaPQi"
	 "PEbuQvLHWy1yW/kiIrxTY0Rwb30AAAAIbmlzdHAyNTYAAABBBCtFKcRvR6DgSmg9kZVdcRGCFrS6zq91"
	 "aWnmTvGWHanDQZV1PDXynrI0QOWH1MlbaKwJ5CE7WAxTsWQZ9QSJ5OcAAAAAAAAAAAAAAAEAAAACaWQA"
	 "AAAJAAAABWFsaWNlAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGlu"
	 "ZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRp"
	 "bmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3Nz"
	 "aC1lZDI1NTE5AAAAIMd4aTfX3Rl7Hksed7UaQiEGP7fWFJ9j0d1IgHUS+8aHAAAAUwAAAAtzc2gtZWQy"
	 "NTUxOQAAAEB8LRz/3LlWeX+qJfSaALTqVG6EpExSm60Zxza4K/nmtHCpq6IBq70mgw/6uurH23ZjhOc2"
	 "+h+mt5jIrVCZtvMI"},
	{"ecdsa-384 certificate", "SHA256:uO28ALW31zL8Anaw7WfDEm21BeUEoKHEeril805wIws",
	 "publickey ecdsa-sha2-nistp384-cert-v01@openssh.com "
	 "AAAAKGVjZHNhLXNoYTItbmlzdHAzODQtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgU6HPxay2ZVL1IvdT"
	 "eGJqOQCTlMnYITFmyKqqFO7kHqAAAAAIbmlzdHAzODQAAABhBEeaK+doP4EyWWUvEI7CqEElgGwc87In"
	 "y02VyHmYJ7uQPsz20s4TAEAhAJMk2uT3ePzBHLDqadbKG6EkiqtWDivR2jA4aSdw7axegPJNfQyMAo/a"
	 "aSgIjNDAovGBgpeDEQAAAAAAAAAAAAAAAQAAAAJpZAAAAAkAAAAFYWxpY2UAAAAAAAAAAP//////////"
	 "AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2Fy"
	 "ZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAO"
	 "cGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgx3hpN9fdGXseSx53tRpC"
	 "IQY/t9YUn2PR3UiAdRL7xocAAABTAAAAC3NzaC1lZDI1NTE5AAAAQC5WOGmLKFM7EzNToNXAhG75mrXb"
	 "2+4vPPrVcMX9vcSYc/nNzaVH86iy2t2whwiZduPZOMHF7eAgb6YnCcHrzwo="},
	{"ecdsa-521 certificate", "SHA256:yp8md1hdctz4PR6hsJAwiUZ73eOknkpIK0vyX2Q3nao",
	 "publickey ecdsa-sha2-nistp521-cert-v01@openssh.com "
	 "AAAAKGVjZHNhLXNoYTItbmlzdHA1MjEtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgd0xUf55gaVXq5PQh"
	 "L75FgTqNRmeMOqng3mIoW4NqZTsAAAAIbmlzdHA1MjEAAACFBACvIhuurgpe7x6sTdfPFi86/ve9vvV/"
	 "+U4pxZn40L/GfDXavIXDLz6N7ux7zhUbMS9AqwLS8rb3DAjkbLz/Qi0cDwFwtpc+cuCO8+lLfZ1r83Ca"
	 "AeFTo1urDsJ/gZZ4DxWlkOXf+P0reZBxMBV0jh11SAuKy4/ahadNoXFgFQhpriFnjwAAAAAAAAAAAAAA"
	 "AQAAAAJpZAAAAAkAAAAFYWxpY2UAAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1m"
	 "b3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQt"
	 "Zm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAA"
	 "ADMAAAALc3NoLWVkMjU1MTkAAAAgx3hpN9fdGXseSx53tRpCIQY/t9YUn2PR3UiAdRL7xocAAABTAAAA"
	 "C3NzaC1lZDI1NTE5AAAAQOBGVFQZ5cXrKiNUC44lV1yP3YbP3KTPyTVqrayo8bDCY1kfcPOJR0GlXLJp"
	 "pfc5BB8E3pDvduS0w3c5InA50gs="},
	{"sk-ed25519 certificate", "SHA256:LFGHpSSh8PabdpK3cfQsli4l7GqujDJErFy7dZr6v6I",
	 "publickey sk-ssh-ed25519-cert-v01@openssh.com "
	 "AAAAI3NrLXNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIGEVrk6EFD1H+xmfza3Eqf+R"
	 "tjO9vNZF03wq3qhyCXdDAAAAIO7qfNzTn7TfOtyzNsYDYRBHhbDEuLJFRs3zN2Jr390aAAAABHNzaDoA"
	 "AAAAAAAAAAAAAAEAAAACaWQAAAAJAAAABWFsaWNlAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBl"
	 "cm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBl"
	 "cm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJj"
	 "AAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIMd4aTfX3Rl7Hksed7UaQiEGP7fWFJ9j0d1IgHUS"
	 "+8aHAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEDuFszPg/y0WqL3hmAzoEXjamTaEqhS0YqCaRESAWoUJiA4"
	 "br7mTo+e7AMWZZoejAvu86M6UgR8lcUyduusE5YL"},
	{"sk-ecdsa certificate", "SHA256:cilKJggnbNtuFPRtvrRq8IqyTw7C4gnK7AWwdPTMrAM",
	 "publickey sk-ecdsa-sha2-nistp256-cert-v01@openssh.com "
	 "AAAAK3NrLWVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAguKN1FWRJTO86"
	 "AXfYavYiP3Z+f1cgOCAcIsh4qZM8eT8AAAAIbmlzdHAyNTYAAABBBCtFKcRvR6DgSmg9kZVdcRGCFrS6"
	 "zq91aWnmTvGWHanDQZV1PDXynrI0QOWH1MlbaKwJ5CE7WAxTsWQZ9QSJ5OcAAAAEc3NoOgAAAAAAAAAA"
	 "AAAAAQAAAAJpZAAAAAkAAAAFYWxpY2UAAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgx"
	 "MS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBv"
	 "cnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAA"
	 "AAAAADMAAAALc3NoLWVkMjU1MTkAAAAgx3hpN9fdGXseSx53tRpCIQY/t9YUn2PR3UiAdRL7xocAAABT"
	 "AAAAC3NzaC1lZDI1NTE5AAAAQE+ceEu9OfCaxxO0MvGM7fb6+HaoNtmgoWt44KNNv6H81dsqAYbQTobU"
	 "HAAeEyTXGsi1FRPtZnOxcFwkWGyJ0Ao="},
};

enum { ED25519 = 0, RSA = 1, FIRST_CERTIFICATE = 7 };

/* ---- SHA-256 ---- */

static void assert_digest(const void *data, size_t n, const char *expected)
{
	uint8_t digest[32];
	char hex[65];

	eg_key_sha256(data, n, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(hex, expected);
}

static void test_sha256_fips_vectors(void **state)
{
	static const struct {
		const char *text, *digest;
	} cases[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		/* 56 bytes: the length no longer fits behind them; 112: the same one block later */
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqk"
		 "lmnopqrlmnopqrsmn"
		 "opqrstnopqrstu",
		 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		assert_digest(cases[i].text, strlen(cases[i].text), cases[i].digest);
}

static void test_sha256_million(void **state)
{
	char *text eg_auto_free = malloc(1000000);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', 1000000);
	assert_digest(text, 1000000,
		      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Around the ends of blocks, n times 'a'; digests by coreutils' sha256sum. */
static void test_sha256_block_ends(void **state)
{
	static const struct {
		size_t n;
		const char *digest;
	} cases[] = {
		{1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
		{55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
		{56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
		{63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
		{64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
		{65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
		{119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
		{120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
		{127, "c57e9278af78fa3cab38667bef4ce29d783787a2f731d4e12200270f0c32320a"},
		{128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
		{129, "c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae"},
		{183, "a88d44a2940a3a2fc363304926d263bf271afb562bab5640cb0e81f5e84320a3"},
		{184, "8b1b7967cef5b2f2036b25c6a393e37bd774a7cbde7be79bb443d26bf0a90c86"},
		{255, "b0f3323e7a3cad8ae6778340cc2a17ae0cb31c818df3767cda7c3dd423725e90"},
	};
	char text[256];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		assert_digest(text, cases[i].n, cases[i].digest);
}

/* ---- fingerprints ---- */

static void assert_fingerprint(const char *info, const char *expected)
{
	char fpr[EG_FPR_SIZE] = "untouched";

	assert_int_equal(eg_key_fingerprint(info, fpr), 0);
	assert_string_equal(fpr, expected);
}

static void assert_refused(const char *info, int error)
{
	char fpr[EG_FPR_SIZE] = "untouched";
	int r = eg_key_fingerprint(info, fpr);

	if (r != error)
		fail_msg("\"%.60s\": %d instead of %d", info, r, error);
	assert_string_equal(fpr, "untouched");
}

static void test_fingerprint_openssh(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(keys); i++)
		assert_fingerprint(keys[i].info, keys[i].fingerprint);
}

static void test_fingerprint_among_lines(void **state)
{
	static const char *const formats[] = {
		"%s",
		"%s\n",
		"%s\r\n",
		"password\n%s\n",
		"%s\npassword\n",
		"keyboard-interactive/pam\npassword\n%s\n",
		"hostbased ssh-ed25519 AAAA\n%s",
		"publickey\n%s",
		"publickey ssh-ed25519\n%s",
		"\n\n%s\n\n",
		"%s a comment",
		"%s\npublickey ssh-ed25519 AAAA\n", /* the first one counts */
	};
	char info[EG_KEY_SIZE];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(formats); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(info, sizeof(info), formats[i], keys[ED25519].info);
#pragma GCC diagnostic pop
		assert_fingerprint(info, keys[ED25519].fingerprint);
	}
}

static void test_fingerprint_two_keys(void **state)
{
	char info[EG_KEY_SIZE];

	(void)state;
	(void)snprintf(info, sizeof(info), "%s\n%s\n", keys[RSA].info, keys[ED25519].info);
	assert_fingerprint(info, keys[RSA].fingerprint);
}

static void test_fingerprint_no_key(void **state)
{
	static const char *const infos[] = {
		"",
		"\n",
		"password",
		"password\n",
		"publickey",
		"publickey ",
		"publickey ssh-ed25519",
		" publickey ssh-ed25519 AAAA",
		"publickeys ssh-ed25519 AAAA",
		"PUBLICKEY ssh-ed25519 AAAA",
		"password publickey ssh-ed25519 AAAA",
		"publickey\tssh-ed25519\tAAAA",
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(infos); i++)
		assert_refused(infos[i], -ENOENT);
}

static void test_fingerprint_malformed(void **state)
{
	static const char *const blobs[] = {
		"",
		" AAAA", /* two blanks */
		"A",
		"AA",
		"AAA",
		"A===",
		"====",
		"==",
		"AA=A",
		"AA==AAAA",
		"AAAA====",
		"AAA\\",
		"AAA-",
		"AA\xc3\xa9",
		"AAAA\tAAAA",
		"AAAA", /* good base64 and no key: too short for a length */
		"AAAAAA==",
		"AAAAAB==",		/* bits behind the last byte */
		"AAAAAAAAAAA=",		/* two empty strings: 8 bytes */
		"/////w==",		/* a string of 4 GiB */
		"AAAAC3NzaC1lZDI1NTE5", /* a type and nothing else */
	};
	char info[256];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(blobs); i++) {
		(void)snprintf(info, sizeof(info), "publickey ssh-ed25519 %s", blobs[i]);
		/* Two empty strings are a type and a field: nonsense, but the form of a key. */
		if (!strcmp(blobs[i], "AAAAAAAAAAA="))
			assert_int_equal(eg_key_fingerprint(info, (char[EG_FPR_SIZE]){0}), 0);
		else
			assert_refused(info, -EBADMSG);
	}
}

/* A key that was cut anywhere must not pass for another key. */
static void test_fingerprint_truncated(void **state)
{
	char info[EG_KEY_SIZE];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(keys); i++) {
		size_t len = strlen(keys[i].info);

		for (size_t n = 0; n < len; n++) {
			char fpr[EG_FPR_SIZE] = "untouched";
			int r;

			memcpy(info, keys[i].info, n);
			info[n] = '\0';
			r = eg_key_fingerprint(info, fpr);
			/* What follows the key in a certificate does not matter. */
			if (r == 0 && i >= FIRST_CERTIFICATE)
				assert_string_equal(fpr, keys[i].fingerprint);
			else
				assert_true(r == -ENOENT || r == -EBADMSG);
			if (r < 0)
				assert_string_equal(fpr, "untouched");
		}
	}
}

/* Any byte changed to any other: never a crash, and never the right fingerprint for another plain
 * key. */
static void test_fingerprint_mutated(void **state)
{
	char info[EG_KEY_SIZE];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(keys); i++) {
		size_t len = strlen(keys[i].info);

		for (size_t at = 0; at < len; at++) {
			for (unsigned int bit = 0; bit < 8; bit++) {
				char fpr[EG_FPR_SIZE];

				memcpy(info, keys[i].info, len + 1);
				info[at] = (char)(info[at] ^ 1 << bit);
				if (!info[at] || eg_key_fingerprint(info, fpr) < 0 ||
				    i >= FIRST_CERTIFICATE)
					continue;
				assert_int_equal(strlen(fpr), 50);
				if (at >= 10 + strcspn(keys[i].info + 10, " "))
					assert_string_not_equal(fpr, keys[i].fingerprint);
			}
		}
	}
}

/* As long as the message that carries it allows. */
static void test_fingerprint_longest(void **state)
{
	char info[EG_KEY_SIZE];
	size_t n = strlen("publickey ssh-rsa ");

	(void)state;
	memset(info, 'A', sizeof(info));
	memcpy(info, "publickey ssh-rsa ", n);
	info[n + (sizeof(info) - 1 - n) / 4 * 4] = '\0';
	/* Zeroes are strings of no bytes, as long as their number is right. */
	info[n + (sizeof(info) - 1 - n) / 16 * 16] = '\0';
	assert_int_equal(eg_key_fingerprint(info, (char[EG_FPR_SIZE]){0}), 0);
	info[n + 4] = '\0';
	assert_refused(info, -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_fips_vectors),
		cmocka_unit_test(test_sha256_million),
		cmocka_unit_test(test_sha256_block_ends),
		cmocka_unit_test(test_fingerprint_openssh),
		cmocka_unit_test(test_fingerprint_among_lines),
		cmocka_unit_test(test_fingerprint_two_keys),
		cmocka_unit_test(test_fingerprint_no_key),
		cmocka_unit_test(test_fingerprint_malformed),
		cmocka_unit_test(test_fingerprint_truncated),
		cmocka_unit_test(test_fingerprint_mutated),
		cmocka_unit_test(test_fingerprint_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
