#include "threads.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace homotopy_lcn {
namespace {

constexpr std::size_t largest_workspace = std::size_t(1) << 32;  // bytes, all threads together
constexpr std::chrono::milliseconds poll_interval(50);
constexpr std::chrono::seconds longest_wait_at_exit(10);

struct CallList {
    std::mutex mutex;
    std::condition_variable call_ended;
    std::vector<std::atomic<bool>*> running;  // how each call is cancelled
    bool closed = false;
};

// How many forks lie between this process and the one that loaded the module.
std::atomic<int> forks{0};
std::atomic<CallList*> calls{nullptr};

#if !defined(_WIN32)
// A child has only the thread that forked, and the calls of all other threads are gone, with the memory of their
// stacks. The child begins with an empty list. The old one is left alone: a thread that is gone may wait in it.
void lock_before_fork() { calls.load()->mutex.lock(); }
void unlock_in_parent() { calls.load()->mutex.unlock(); }
void forget_in_child() {
    calls.store(new CallList);
    ++forks;
}
#endif

// The list is never destroyed, because threads may outlive static objects.
CallList& call_list() {
    static const bool made = [] {
        calls.store(new CallList);
#if !defined(_WIN32)
        pthread_atfork(lock_before_fork, unlock_in_parent, forget_in_child);
#endif
        return true;
    }();
    (void)made;
    return *calls.load();
}

struct AlignedFree {
    void operator()(void* block) const { std::free(block); }
};
using Block = std::unique_ptr<void, AlignedFree>;

std::vector<Block> make_workspaces(const Sharing& sharing) {
    if (sharing.workspace > largest_workspace / std::size_t(sharing.threads))
        throw std::invalid_argument("jobs: " + std::to_string(sharing.threads) + " threads need too much workspace (" +
                                    std::to_string(sharing.workspace) + " bytes each)");
    const std::size_t bytes = (sharing.workspace + 63) / 64 * 64;
    std::vector<Block> blocks;
    for (int i = 0; i < sharing.threads; ++i) {
        blocks.emplace_back(std::aligned_alloc(64, bytes));
        if (blocks.back() == nullptr) throw std::bad_alloc();
        std::memset(blocks.back().get(), 0, bytes);
    }
    return blocks;
}

// Counts the threads that are still at work.
class Countdown {
   public:
    explicit Countdown(int count) : count(count) {}
    void decrease() {
        const std::lock_guard<std::mutex> lock(mutex);
        --count;
        changed.notify_all();
    }
    // Whether the count reaches zero within the time.
    bool wait_for_zero(std::chrono::milliseconds time) {
        std::unique_lock<std::mutex> lock(mutex);
        return changed.wait_for(lock, time, [&] { return count == 0; });
    }

   private:
    std::mutex mutex;
    std::condition_variable changed;
    int count;
};

// Threads that are joined in any case. In a child that was forked since, there is nothing to be joined.
struct Joined {
    std::vector<std::thread> threads;
    const int made_after = forks;

    bool lost() const { return forks != made_after; }
    ~Joined() {
        if (lost())
            new std::vector<std::thread>(std::move(threads));  // a std::thread must not be destroyed before it is joined
        else
            for (std::thread& thread : threads) thread.join();
    }
};

}  // namespace

CallUnderWay::CallUnderWay(std::atomic<bool>* cancelled) : cancelled(cancelled) {
    CallList& list = call_list();
    const std::lock_guard<std::mutex> lock(list.mutex);
    if (list.closed) throw std::runtime_error("the interpreter is exiting");
    list.running.push_back(cancelled);
}

CallUnderWay::~CallUnderWay() {
    CallList& list = call_list();
    const std::lock_guard<std::mutex> lock(list.mutex);
    const auto found = std::find(list.running.begin(), list.running.end(), cancelled);
    if (found != list.running.end()) list.running.erase(found);  // a child does not know the calls of its parent
    list.call_ended.notify_all();
}

void CallUnderWay::require_not_closed() const {
    if (!*cancelled) return;
    CallList& list = call_list();
    const std::lock_guard<std::mutex> lock(list.mutex);
    if (list.closed) throw std::runtime_error("the interpreter is exiting");
}

void close_calls() {
    CallList& list = call_list();
    std::unique_lock<std::mutex> lock(list.mutex);
    list.closed = true;
    for (std::atomic<bool>* cancelled : list.running) *cancelled = true;
    list.call_ended.wait_for(lock, longest_wait_at_exit, [&] { return list.running.empty(); });
}

void run_in_threads(const Sharing& sharing, std::atomic<bool>& cancelled, const std::function<void(void*)>& work,
                    const std::function<void()>& poll) {
    const std::vector<Block> workspaces = make_workspaces(sharing);
    if (sharing.in_calling_thread) {
        work(workspaces[0].get());
        return;
    }
    Countdown at_work(sharing.threads);
    Joined pool;
    try {
        for (const Block& workspace : workspaces)
            pool.threads.emplace_back([&] {
                work(workspace.get());
                at_work.decrease();
            });
        for (bool finished = false; !finished;) {
            finished = at_work.wait_for_zero(poll_interval);
            poll();
            if (pool.lost()) throw std::runtime_error("the process was forked while the call was under way");
        }
    } catch (...) {
        cancelled = true;
        throw;
    }
}

}  // namespace homotopy_lcn
