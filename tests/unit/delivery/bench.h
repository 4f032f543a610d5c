#pragma once
#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/registry.h"
#include "router/config/config.h"
#include "router/dataset/head.h"
#include "router/dataset/identifier.h"
#include "router/dataset/init.h"
#include "router/dataset/part10.h"
#include "router/net/pool.h"
#include "router/store/sqlite_ledger.h"
#include "tests/unit/delivery/application_stand_in.h"
#include "tests/unit/net/net_fixture.h"
#include "tests/unit/store/store_fixture.h"

// What tests of hold and delivery stand on: a ledger and a spool in a folder of their own, a clock
// set by hand, and an application in the same loop.
namespace router::testing {

// Both clocks, set by hand. Timers of the loop are real: a test that moved the clock wakes whoever
// should look at it.
class HandClock : public Clock {
 public:
  SteadyTime Now() const override { return SteadyTime(std::chrono::milliseconds(now_.load())); }
  WallTime WallNow() const override {
    return WallTime(std::chrono::milliseconds(1'700'000'000'000 + now_.load()));
  }
  void Advance(std::chrono::milliseconds by) { now_ += by.count(); }

 private:
  std::atomic<int64_t> now_{1'000'000};
};

inline const char* const kName = "VMSDBD";

inline std::vector<store::Requirement> Needing(std::string_view uid, Kind kind) {
  return {store::Needs(uid, kind)};
}

struct Bench {
  // `vfs`: of SQLite, for faults of the disk.
  explicit Bench(net::Loop& on, std::string vfs = "")
      : loop(on), disk("disk", 2), cpu("cpu", 1), application(on) {
    auto opened = store::Spool::Open({.directory = folder.path(), .free_floor = 0}, disk);
    spool = std::move(opened.value());
    auto kept =
        store::SqliteLedger::Open({.directory = folder.path(), .vfs = std::move(vfs)}, clock);
    ledger = std::move(kept.value());
    ledger->OnReady([on = &on, told = on_ready_](const std::string&) {
      on->Post([told] {
        if (*told) (*told)();
      });
    });
  }

  // The configuration of one application, which is `application`; changed by `change`.
  std::shared_ptr<const config::Config> Configured(
      std::function<void(config::Application&)> change = {}) {
    auto config = std::make_shared<config::Config>();
    config->ae_title = AeTitle::FromWire("SLUICE");
    config::Application of;
    of.name = kName;
    of.ae_title = AeTitle::FromWire("VMSDBD");
    of.call_as = AeTitle::FromWire("SLUICE");
    of.address = config::Endpoint{"127.0.0.1", application.port()};
    of.profile = config::Profile::kAria;
    if (change) change(of);
    config->applications.push_back(std::move(of));
    return config;
  }

  // A Part 10 file in the spool, as a part; the data set names itself and `padding` more bytes.
  struct Part {
    store::Instance instance;
    store::SpoolFile file;
    dataset::Region region;  // of the part
  };
  Part MakePart(std::string uid, Kind kind, std::string sop_class, std::string series = "1.2.7",
                std::optional<int32_t> number = {}, std::string syntax = "1.2.840.10008.1.2.1",
                size_t padding = 0) {
    Part part;
    part.instance = {.sop_instance = Uid(uid),
                     .sop_class = Uid(sop_class),
                     .kind = kind,
                     .application = kName,
                     .client = AeTitle::FromWire("TPS"),
                     .called = AeTitle::FromWire("VMSDBD"),
                     .calling_as = AeTitle::FromWire("SLUICE"),
                     .study = Uid("1.2.6"),
                     .series = Uid(series),
                     .instance_number = number,
                     .transfer_syntax = Uid(syntax)};
    auto content = dataset::Identifier::Of(
        {{0x00080016, sop_class}, {0x00080018, uid}, {0x00204000, std::string(padding, 'x')}});
    return Finish(std::move(part), content.Encode(Uid(syntax)).value());
  }
  // A part of a real file.
  Part MakePartOf(const std::string& path, Kind kind) {
    auto header = dataset::ReadPart10Header(path).value();
    std::ifstream stream(path, std::ios::binary);
    std::string all((std::istreambuf_iterator<char>(stream)), {});
    std::string bytes = all.substr(header.dataset_offset, header.dataset_length);
    auto head = dataset::ReadHead(header.DatasetOf(path)).value();
    Part part;
    part.instance = {.sop_instance = header.meta.sop_instance,
                     .sop_class = header.meta.sop_class,
                     .kind = kind,
                     .application = kName,
                     .client = AeTitle::FromWire("TPS"),
                     .called = AeTitle::FromWire("VMSDBD"),
                     .calling_as = AeTitle::FromWire("SLUICE"),
                     .study = head.study,
                     .series = head.series,
                     .instance_number = head.instance_number,
                     .transfer_syntax = header.meta.transfer_syntax};
    Bytes view = AsBytes(bytes);
    return Finish(std::move(part), Buffer(view.begin(), view.end()));
  }

  net::Task<store::RowId> Accept(Part part, std::vector<store::Requirement> requirements = {},
                                 std::optional<WallTime> deadline = {},
                                 std::optional<WallTime> warn_after = {}) {
    store::Acceptance acceptance;
    acceptance.instance = part.instance;
    acceptance.file = part.file;
    acceptance.requirements = std::move(requirements);
    acceptance.warn_after = warn_after;
    acceptance.deadline = deadline;
    auto accepted = co_await ledger->Accept(std::move(acceptance));
    EXPECT_TRUE(accepted.has_value());
    co_return accepted ? accepted->row : 0;
  }

  net::Task<store::Row> Find(store::RowId id) {
    auto row = co_await ledger->Find(id);
    EXPECT_TRUE(row.has_value());
    co_return row ? *row : store::Row();
  }

  // Looks again and again until the row is in this state; a failure after ten seconds.
  net::Task<store::Row> Await(store::RowId id, store::State state) {
    const SteadyTime until = Clock().Now() + std::chrono::seconds(10);
    net::Signal pause(loop);
    for (;;) {
      store::Row row = co_await Find(id);
      if (row.state == state) co_return row;
      if (Clock().Now() > until) {
        ADD_FAILURE() << "row " << id << " is " << NameOf(row.state) << " (" << row.reason.text
                      << ") and not " << NameOf(state);
        co_return row;
      }
      co_await pause.Wait(net::Milliseconds(1));
    }
  }
  net::Task<> Until(std::function<bool()> holds) {
    const SteadyTime until = Clock().Now() + std::chrono::seconds(10);
    net::Signal pause(loop);
    while (!holds()) {
      if (Clock().Now() > until) {
        ADD_FAILURE() << "it never came to pass";
        co_return;
      }
      co_await pause.Wait(net::Milliseconds(1));
    }
  }

  // Called on the loop when rows became ready.
  void OnReady(std::function<void()> told) { *on_ready_ = std::move(told); }

  net::Loop& loop;
  HandClock clock;
  store::ScratchFolder folder;
  net::WorkPool disk, cpu;
  metrics::Registry metrics;
  std::unique_ptr<store::Spool> spool;
  std::unique_ptr<store::SqliteLedger> ledger;
  ApplicationStandIn application;

 private:
  Part Finish(Part part, const Buffer& data_set) {
    Buffer header = dataset::MakeFileMetaHeader({.sop_class = part.instance.sop_class,
                                                 .sop_instance = part.instance.sop_instance,
                                                 .transfer_syntax = part.instance.transfer_syntax,
                                                 .implementation_class = Uid("1.2.3.4"),
                                                 .implementation_version = "TEST",
                                                 .source = {}});
    std::string content(AsText(header));
    content += AsText(data_set);
    const std::string name = "f" + std::to_string(++files_) + ".dcm";
    part.file = store::WritePart(spool->paths(), name, content);
    part.file.dataset_offset = header.size();
    part.file.sha256 = dataset::Sha256::Of(data_set);
    part.region = {spool->paths().Part(name), header.size(), part.instance.transfer_syntax};
    return part;
  }
  int files_ = 0;
  std::shared_ptr<std::function<void()>> on_ready_ = std::make_shared<std::function<void()>>();
};

}  // namespace router::testing
