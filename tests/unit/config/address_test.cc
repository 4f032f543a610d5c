#include "router/config/address.h"

#include <gtest/gtest.h>

namespace router::config {
namespace {

IpAddress Ip(std::string_view text) {
  auto address = IpAddress::Parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress());
}

Cidr Range(std::string_view text) {
  auto range = Cidr::Parse(text);
  EXPECT_TRUE(range) << text;
  return range.value_or(Cidr());
}

TEST(IpAddress, MappedV4IsV4) {
  EXPECT_EQ(Ip("::ffff:10.1.0.4"), Ip("10.1.0.4"));
  EXPECT_EQ(Ip("::ffff:10.1.0.4").str(), "10.1.0.4");
  EXPECT_NE(Ip("::10.1.0.4"), Ip("10.1.0.4"));
}

TEST(IpAddress, SpacesAtTheEndsAndZonesDoNotCount) {
  EXPECT_EQ(Ip(" 10.1.0.4 "), Ip("10.1.0.4"));
  EXPECT_EQ(Ip("fe80::1%eth0"), Ip("fe80::1"));
}

TEST(IpAddress, WhatIsNoAddressIsNone) {
  for (std::string_view text : {"", "10.1.0", "10.1.0.256", "10.1.0.4:104", "vmsdb", "::g", "1 2"})
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  EXPECT_FALSE(IpAddress::Parse(std::string_view("10.1.0.4\0x", 10)));
}

TEST(IpAddress, LoopbackIsKnownInBothFamilies) {
  EXPECT_TRUE(Ip("127.0.0.1").IsLoopback());
  EXPECT_TRUE(Ip("127.9.9.9").IsLoopback());
  EXPECT_TRUE(Ip("::1").IsLoopback());
  EXPECT_FALSE(Ip("::2").IsLoopback());
  EXPECT_FALSE(Ip("128.0.0.1").IsLoopback());
}

TEST(Cidr, ContainsExactlyWhatSharesThePrefix) {
  EXPECT_TRUE(Range("10.1.0.0/24").Contains(Ip("10.1.0.255")));
  EXPECT_FALSE(Range("10.1.0.0/24").Contains(Ip("10.1.1.0")));
  EXPECT_TRUE(Range("10.1.0.128/25").Contains(Ip("10.1.0.200")));
  EXPECT_FALSE(Range("10.1.0.128/25").Contains(Ip("10.1.0.127")));
  EXPECT_TRUE(Range("0.0.0.0/0").Contains(Ip("255.255.255.255")));
  EXPECT_TRUE(Range("10.1.0.31").Contains(Ip("10.1.0.31")));
  EXPECT_FALSE(Range("10.1.0.31").Contains(Ip("10.1.0.30")));
  EXPECT_TRUE(Range("fd00::/8").Contains(Ip("fdff::1")));
  EXPECT_FALSE(Range("fd00::/8").Contains(Ip("fe00::1")));
  EXPECT_TRUE(Range("2001:db8::/33").Contains(Ip("2001:db8:7fff::")));
  EXPECT_FALSE(Range("2001:db8::/33").Contains(Ip("2001:db8:8000::")));
}

TEST(Cidr, FamiliesDoNotMix) {
  EXPECT_FALSE(Range("0.0.0.0/0").Contains(Ip("::1")));
  EXPECT_FALSE(Range("::/0").Contains(Ip("10.1.0.4")));
  EXPECT_TRUE(Range("10.1.0.0/24").Contains(Ip("::ffff:10.1.0.9")));
}

TEST(Cidr, CoversWhatLiesWhollyInside) {
  EXPECT_TRUE(Range("10.0.0.0/8").Covers(Range("10.1.0.0/24")));
  EXPECT_TRUE(Range("10.1.0.0/24").Covers(Range("10.1.0.0/24")));
  EXPECT_FALSE(Range("10.1.0.0/24").Covers(Range("10.0.0.0/8")));
  EXPECT_FALSE(Range("10.1.0.0/24").Covers(Range("10.1.1.1")));
}

TEST(Cidr, BitsAfterThePrefixAreAMistakeWithTwoRemedies) {
  auto wrong = Cidr::Parse("10.1.0.7/24");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().detail,
            "\"10.1.0.7/24\" has bits after its prefix; write 10.1.0.0/24 or 10.1.0.7");
}

TEST(Cidr, WhatIsNoRangeIsRefused) {
  for (std::string_view text : {"", "/", "10.1.0.0/", "10.1.0.0/33", "10.1.0.0/-1", "10.1.0.0/ 8",
                                "fd00::/129", "clinic", "10.1.0.0/24/24", "fe80::1%eth0", "*"})
    EXPECT_FALSE(Cidr::Parse(text)) << text;
}

TEST(Endpoint, HostsAreNamesOrAddresses) {
  EXPECT_EQ(Endpoint::Parse("10.1.0.4:51402"), (Endpoint{"10.1.0.4", 51402}));
  EXPECT_EQ(Endpoint::Parse(" 10.1.0.4:51402 "), (Endpoint{"10.1.0.4", 51402}));
  EXPECT_EQ(Endpoint::Parse("vms_db.clinic.local:104"), (Endpoint{"vms_db.clinic.local", 104}));
  EXPECT_EQ(Endpoint::Parse("[fd00::4]:104"), (Endpoint{"fd00::4", 104}));
  EXPECT_EQ(Endpoint::Parse("[fd00::4]:104")->str(), "[fd00::4]:104");
  EXPECT_EQ(Endpoint::Parse("10.1.0.4:0104"), (Endpoint{"10.1.0.4", 104}));
}

TEST(Endpoint, WhatNobodyCanConnectToIsRefused) {
  for (std::string_view text :
       {"", ":", ":104", "10.1.0.4", "10.1.0.4:", "10.1.0.4:0", "10.1.0.4:65536", "10.1.0.4:x",
        "10.1.0.256:104", "10.1:104", "fd00::4:104", "[10.1.0.4]:104", "[]:104", "-a:104", "a..b:1",
        "a b:104", "a/b:104", "10.1.0.4:+1", "10.1.0.4:99999999999999999999"})
    EXPECT_FALSE(Endpoint::Parse(text)) << text;
  EXPECT_FALSE(Endpoint::Parse(std::string(64, 'a') + ":104"));
}

}  // namespace
}  // namespace router::config
