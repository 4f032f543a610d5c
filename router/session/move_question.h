#pragma once
#include <memory>
#include <string>
#include <vector>

#include "router/association/scu.h"
#include "router/dataset/identifier.h"
#include "router/delivery/slots.h"
#include "router/session/services.h"

namespace router::session {

// Questions to an application about what a move concerns: C-FINDs in the Study Root model, one
// after another, over an association of their own. Who asks may call them off from another
// coroutine: then they end with kInterrupted, whatever is waited for. End before it is destroyed.
// On one loop.
class MoveQuestion {
 public:
  // `calling`, `called`: the titles that we use towards the application. `wait`: for an
  // association, at most.
  MoveQuestion(Services& services, net::Loop& loop, const config::Application& application,
               AeTitle calling, AeTitle called, uint32_t max_pdu, net::Milliseconds wait);
  ~MoveQuestion();
  MoveQuestion(const MoveQuestion&) = delete;
  MoveQuestion& operator=(const MoveQuestion&) = delete;

  // All answers. An error if that is not known: one of them cannot be read, or the C-FIND was not
  // answered with success.
  net::Task<Result<std::vector<dataset::Identifier>>> Find(dataset::Identifier keys);
  // Nobody waits for the end of the association.
  void End();
  void CallOff();

 private:
  net::Task<Result<>> Open();
  net::Task<Result<std::vector<dataset::Identifier>>> Ask(dataset::Identifier keys);
  Error CalledOff() const;

  Services& services_;
  net::Loop& loop_;
  const config::Application application_;  // as it was when the move began
  const AeTitle calling_, called_;
  const uint32_t max_pdu_;
  const net::Milliseconds at_most_;
  const std::shared_ptr<delivery::SlotWait> wait_;
  association::Association::Opening opening_;
  delivery::Slot slot_;
  std::unique_ptr<association::Scu> scu_;
  bool called_off_ = false, in_peace_ = true;
};

// The studies of a patient. Errors as MoveQuestion::Find; also where an answer does not say which
// study of whom it is. Ends the question.
net::Task<Result<std::vector<Uid>>> StudiesOf(std::shared_ptr<MoveQuestion> question,
                                              std::string patient_id);

}  // namespace router::session
