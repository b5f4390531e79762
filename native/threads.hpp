// The threads of a call, and the list of the calls under way. Nothing here knows Python.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace homotopy_lcn {

// Keeps a call in the list of the calls under way, from construction to destruction.
// Throws std::runtime_error if the list is closed.
class CallUnderWay {
   public:
    explicit CallUnderWay(std::atomic<bool>* cancelled);
    ~CallUnderWay();
    CallUnderWay(const CallUnderWay&) = delete;
    CallUnderWay& operator=(const CallUnderWay&) = delete;

    // Throws std::runtime_error if the call was cancelled because the list was closed.
    void require_not_closed() const;

   private:
    std::atomic<bool>* cancelled;
};

// Closes the list: cancels all calls, waits until they have ended (at most ten seconds), and lets no other call begin.
void close_calls();

// How the work of a call is shared.
struct Sharing {
    int threads;
    std::size_t workspace;   // bytes for each thread
    bool in_calling_thread;  // a short call of one thread does not start a thread
};

// Calls ``work`` once in each thread, with a workspace filled with zeros. The calling thread calls ``poll`` about every
// 50 milliseconds and once at the end. If ``poll`` throws, ``cancelled`` is set, all threads are joined, and the
// exception is passed on. Without threads of its own ``poll`` is not called. Throws std::invalid_argument if the
// threads need more workspace than any machine can be expected to have.
void run_in_threads(const Sharing& sharing, std::atomic<bool>& cancelled, const std::function<void(void*)>& work,
                    const std::function<void()>& poll);

}  // namespace homotopy_lcn
