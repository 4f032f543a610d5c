#pragma once
#include <string>

#include "router/ul/pdu.h"

// PS3.8 Tables 9-21 and 9-26: what may stand in an A-ASSOCIATE-RJ and in an A-ABORT.
namespace router::ul {

// The rejections that Sluice sends itself.
constexpr AssociateRj NoReasonGiven() { return {1, 1, 1}; }
constexpr AssociateRj ApplicationContextNotSupported() { return {1, 1, 2}; }
constexpr AssociateRj CallingTitleNotRecognized() { return {1, 1, 3}; }
constexpr AssociateRj CalledTitleNotRecognized() { return {1, 1, 7}; }
constexpr AssociateRj ProtocolVersionNotSupported() { return {1, 2, 2}; }
constexpr AssociateRj ProviderNoReasonGiven() { return {1, 2, 1}; }
constexpr AssociateRj TemporaryCongestion() { return {2, 3, 1}; }  // upstream unreachable
constexpr AssociateRj LocalLimitExceeded() { return {2, 3, 2}; }   // slots, drain

// A complaint about the AE title that we used towards the peer: our misconfiguration, not the
// client's, and not to be relayed to it.
constexpr bool IsAboutTitles(const AssociateRj& rj) {
  return rj.source == 1 && (rj.reason == 3 || rj.reason == 7);
}

enum class AbortReason : uint8_t {  // with source 2
  kNotSpecified = 0,
  kUnrecognizedPdu = 1,
  kUnexpectedPdu = 2,
  kUnrecognizedParameter = 4,
  kUnexpectedParameter = 5,
  kInvalidParameterValue = 6,
};
constexpr Abort UserAbort() { return {0, 0}; }
constexpr Abort ProviderAbort(AbortReason reason) { return {2, static_cast<uint8_t>(reason)}; }

// For log lines: "permanent, service user: calling AE title not recognized (1/1/3)".
std::string Describe(const AssociateRj& rj);
// "service provider: unexpected PDU (2/2)".
std::string Describe(const Abort& abort);

}  // namespace router::ul
