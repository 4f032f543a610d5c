#include "router/admin/access.h"

#include <gmock/gmock.h>

namespace router::admin {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Access kWithToken("s3cret");
const Access kWithoutToken("");

Access::Caller From(std::string address, std::string authorization = "", std::string host = "") {
  return {std::move(address), std::move(host), std::move(authorization)};
}

TEST(Access, TheMachineItselfReadsWithoutAToken) {
  for (const char* address : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_THAT(kWithToken.WhyNotRead(From(address)), IsEmpty()) << address;
    EXPECT_THAT(kWithoutToken.WhyNotRead(From(address)), IsEmpty()) << address;
  }
}

TEST(Access, OthersReadWithTheTokenOnly) {
  EXPECT_THAT(kWithToken.WhyNotRead(From("10.1.0.9")), HasSubstr("needs the token"));
  EXPECT_THAT(kWithToken.WhyNotRead(From("10.1.0.9", "Bearer wrong")), HasSubstr("not the one"));
  EXPECT_THAT(kWithToken.WhyNotRead(From("10.1.0.9", "Bearer s3cret")), IsEmpty());
  EXPECT_THAT(kWithoutToken.WhyNotRead(From("10.1.0.9")), HasSubstr("token_file"));
  EXPECT_THAT(kWithToken.WhyNotRead(From("")), Not(IsEmpty())) << "an unknown address is not ours";
}

TEST(Access, AWebSiteCannotReadThroughAnOperatorsBrowser) {
  EXPECT_THAT(kWithToken.WhyNotRead(From("127.0.0.1", "", "evil.example:8780")), Not(IsEmpty()));
  EXPECT_THAT(kWithToken.WhyNotRead(From("127.0.0.1", "", "localhost.evil.example")),
              Not(IsEmpty()));
  for (const char* host :
       {"localhost", "localhost:8780", "127.0.0.1:8780", "[::1]:8780", "[::1]"}) {
    EXPECT_THAT(kWithToken.WhyNotRead(From("127.0.0.1", "", host)), IsEmpty()) << host;
  }
  EXPECT_THAT(kWithToken.WhyNotRead(From("127.0.0.1", "Bearer s3cret", "router.clinic.local")),
              IsEmpty());
}

TEST(Access, NobodyChangesAnythingWithoutTheToken) {
  EXPECT_THAT(kWithToken.WhyNotChange(From("127.0.0.1")), HasSubstr("changing needs the token"));
  for (const char* wrong : {"Bearer ", "Bearer s3cre", "Bearer s3crets", "Basic s3cret", "s3cret",
                            "Bearer s3cret s3cret"}) {
    EXPECT_THAT(kWithToken.WhyNotChange(From("127.0.0.1", wrong)), Not(IsEmpty())) << wrong;
  }
  EXPECT_THAT(kWithToken.WhyNotChange(From("127.0.0.1", "Bearer s3cret")), IsEmpty());
  EXPECT_THAT(kWithToken.WhyNotChange(From("10.1.0.9", "Bearer s3cret")), IsEmpty());
}

TEST(Access, AnEmptyTokenOpensNothing) {
  EXPECT_THAT(kWithoutToken.WhyNotChange(From("127.0.0.1", "Bearer ")), HasSubstr("token_file"));
  EXPECT_THAT(kWithoutToken.WhyNotRead(From("10.1.0.9", "Bearer ")), Not(IsEmpty()));
}

}  // namespace
}  // namespace router::admin
