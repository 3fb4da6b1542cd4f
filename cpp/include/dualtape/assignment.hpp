/// What an assignment to a tape variable does.
#pragma once

#include <dualtape/statements.hpp>
#include <dualtape/var.hpp>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace dualtape::detail {

template <std::size_t, class X>
using At = X;

template <class T>
class Assignment {
 public:
  /// An expression becomes a statement of the active tape, a constant expression a constant.
  template <int N>
  DUALTAPE_INLINE static Var<T> assign(Head<T>& head, const Term<T, N>& term) {
    return assign(head, term, std::make_index_sequence<N>());
  }

  [[noreturn, gnu::noinline]] static void refuse_recording(std::uint32_t recording) {
    fail<std::logic_error>(
        is_recording(recording)
            ? "assignment: wanted variables of this thread's active tape, got one of another or a "
              "reset tape"
            : "assignment: wanted variables of one tape, got two");
  }

 private:
  template <std::size_t... I>
  DUALTAPE_INLINE static Var<T> assign(Head<T>& head, const Term<T, sizeof...(I)>& term,
                                       std::index_sequence<I...> every) {
    const std::uint64_t id = head.next;
    const bool mixed = ((term.ids_[I] ^ id) | ...) >> 32 != 0;
    if (seldom(mixed) || seldom(head.used + sizeof...(I) > head.capacity)) {
      return assign_mixed<I...>(head, term.value_, term.partials_[I]..., term.ids_[I]...);
    }
    if (known(repeats(term.ids_, every))) {
      append_merged(head, term, every);
    } else {
      append(head, term, every);
    }
    head.next = id + 1;
    return {term.value_, id};
  }

  /// The compiler has found this to be true.
  DUALTAPE_INLINE static bool known(bool condition) {
#if defined(__GNUC__)
    return __builtin_constant_p(condition) && condition;
#else
    return false;
#endif
  }

  /// True if a variable follows upon itself, as in x * x.
  template <std::size_t... I>
  DUALTAPE_INLINE static bool repeats(const std::array<std::uint64_t, sizeof...(I)>& ids,
                                      std::index_sequence<I...>) {
    return (static_cast<unsigned>(follows_itself<I>(ids)) | ...) != 0;
  }
  template <std::size_t I, std::size_t N>
  DUALTAPE_INLINE static bool follows_itself(const std::array<std::uint64_t, N>& ids) {
    if constexpr (I == 0) {
      return false;
    } else {
      return ids[I] == ids[I - 1];
    }
  }

  template <std::size_t... I>
  DUALTAPE_INLINE static void append(Head<T>& head, const Term<T, sizeof...(I)>& term,
                                     std::index_sequence<I...>) {
    constexpr std::size_t kN = sizeof...(I);
    T* partials = head.partials + head.used;
    std::uint32_t* words = head.words + head.used;
    (new (partials + I) T(term.partials_[I]), ...);
    (put_word(words + I, term.ids_[I], I + 1 == kN ? kN - 1 : 0), ...);
    head.used += kN;
  }

  /// Volatile: the compiler would gather words in a vector register, at more cost than storing
  /// each.
  DUALTAPE_INLINE static void put_word(volatile std::uint32_t* word, std::uint64_t id,
                                       std::size_t kind) {
    *word = static_cast<std::uint32_t>(id) | static_cast<std::uint32_t>(kind << kIndexBits);
  }

  /// A variable that follows upon itself takes one place.
  template <std::size_t... I>
  DUALTAPE_INLINE static void append_merged(Head<T>& head, const Term<T, sizeof...(I)>& term,
                                            std::index_sequence<I...>) {
    T* partials = head.partials + head.used;
    std::uint32_t* words = head.words + head.used;
    std::size_t last = 0;
    T sum = term.partials_[0];
    (merge<I>(partials, words, term, sum, last), ...);
    new (partials + last) T(sum);
    put_word(words + last, term.ids_.back(), last);
    head.used += last + 1;
  }

  template <std::size_t I, int N>
  DUALTAPE_INLINE static void merge(T* partials, std::uint32_t* words, const Term<T, N>& term,
                                    T& sum, std::size_t& last) {
    if constexpr (I > 0) {
      if (known(follows_itself<I>(term.ids_))) {
        sum += term.partials_[I];
      } else {
        new (partials + last) T(sum);
        put_word(words + last++, term.ids_[I - 1], 0);
        sum = term.partials_[I];
      }
    }
  }

  /// Some are constants, or variables of another recording, or the block is full.
  /// By value, which keeps the expression in registers where this is not called.
  template <std::size_t... I>
  [[gnu::noinline]] static Var<T> assign_mixed(Head<T>& head, T value, At<I, T>... partials,
                                               At<I, std::uint64_t>... ids) {
    return assign_mixed(head, value, std::array<T, sizeof...(I)>{partials...},
                        std::array<std::uint64_t, sizeof...(I)>{ids...});
  }
  template <std::size_t N>
  static Var<T> assign_mixed(Head<T>& head, const T& value, const std::array<T, N>& partials,
                             const std::array<std::uint64_t, N>& ids) {
    std::uint32_t recording = 0;
    for (const std::uint64_t id : ids) recording |= static_cast<std::uint32_t>(id >> 32);
    if (recording == 0) return value;
    if (recording != head.recording()) refuse_recording(recording);
    if (head.used + N > head.capacity) head.tape->grow();
    std::size_t end = head.used;
    for (std::size_t i = 0; i < N; ++i) {
      if (ids[i] == 0) continue;
      new (head.partials + end) T(partials[i]);
      head.words[end++] = static_cast<std::uint32_t>(ids[i]);
    }
    head.words[end - 1] |= static_cast<std::uint32_t>(end - head.used - 1) << kIndexBits;
    head.used = end;
    return {value, head.next++};
  }
};

}  // namespace dualtape::detail
