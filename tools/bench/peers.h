// SPDX-License-Identifier: Apache-2.0
// The libraries that convt is compared with. Each is a Python process of tools/bench/peers/ in an environment that
// tools/setup-peers makes; it computes the same numbers with the same statistic, and its outputs are held against the
// same bound. What a peer cannot do is said, not failed.
#pragma once

#include "convt/problem.h"
#include "convt/status.h"
#include "tools/bench/conversation.h"
#include "tools/bench/tensors.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace convt::cli {

// Whose tensors a peer's timed call takes and gives.
enum class PeerLayout : std::uint8_t { first, last, any, own };  // own: the problem's, whichever that is

// convt itself with its default schedules: asked for and measured like a peer, but no rival.
constexpr const char* untuned_peer = "convt_untuned";

struct Peer {
    std::string name;
    std::string version;  // empty where it is not installed
    PeerLayout layout = PeerLayout::first;

    bool rival() const { return name != untuned_peer; }
};

struct PeerMeasurement {
    double median_us = 0.0;
    std::string missing;  // why there is no time; empty where there is one

    std::string text() const;
    static Result<PeerMeasurement> parse(const std::string& text);
};

class Peers {
  public:
    // The peers of these names, "all" for every one worth comparing with. Code::unsupported where there is no
    // environment, Code::invalid_argument for an unknown name. `work` is a folder for what they leave behind.
    static Result<Peers> find(const std::vector<std::string>& names, int threads, const std::string& work);

    const std::vector<Peer>& all() const noexcept { return all_; }
    // Ends every process: what is measured from now on is measured in new ones.
    void restart() { running_.clear(); }
    // What the next measurements are about; their inputs are written once.
    Status set_problem(const Problem& problem, std::uint64_t data_seed);
    // One process's median. A status only where the bench itself has to stop.
    Result<PeerMeasurement> measure(const Peer& peer, std::uint64_t sample_seed);

  private:
    Result<std::string> answer(const Peer& peer);
    PeerMeasurement checked(const std::string& answer, std::uint64_t sample_seed) const;

    std::vector<std::string> command_;  // of a worker
    std::vector<Peer> all_;
    int threads_ = 1;
    std::string work_;
    std::map<std::string, std::unique_ptr<Conversation>> running_;
    std::optional<Problem> problem_;
    std::unique_ptr<const Inputs> inputs_;
    std::uint64_t data_seed_ = 0;
};

}  // namespace convt::cli
