// SPDX-License-Identifier: Apache-2.0
// A child process that answers every line with a line. Libraries that take seconds to load are asked many times this
// way; one that hangs or crashes costs its own answers and nothing else.
#pragma once

#include "convt/status.h"

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace convt::cli {

class Conversation {
  public:
    // Runs `arguments[0]`; its standard input and output are the conversation, its standard error goes to the file
    // `log`. A failure to start is Code::io_error.
    static Result<std::unique_ptr<Conversation>> start(const std::vector<std::string>& arguments,
                                                       const std::string& log);
    ~Conversation();  // ends the child and whatever it has started
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    // Sends a line and waits for the answer.
    Result<std::string> ask(const std::string& line, int limit_ms, const std::atomic<bool>& cancel);
    // Waits for a line that was not asked for. Code::timed_out, Code::interrupted, or Code::internal where the child is
    // gone (the message says how); after any of them the conversation is over.
    Result<std::string> listen(int limit_ms, const std::atomic<bool>& cancel);

  private:
    Conversation(pid_t pid, int socket, std::string log) : pid_(pid), socket_(socket), log_(std::move(log)) {}
    Status gone();

    pid_t pid_;
    int socket_;
    std::string log_;
    std::string unread_;
};

}  // namespace convt::cli
