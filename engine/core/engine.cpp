#include "core/engine.hpp"

#include <utility>

#include "core/engine_implementation.hpp"

namespace backfill {

Engine::Engine(SweepSettings settings, std::vector<KnownRange> known, int slots)
    : implementation_(
          std::make_unique<Implementation>(std::move(settings), std::move(known), slots)) {}

Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

std::vector<Action> Engine::begin(Instant now) {
  return implementation_->step(now);
}

std::vector<Action> Engine::on(const Event& event, Instant now) {
  BACKFILL_CHECK(!implementation_->finished(), "an event came after the engine had finished");
  std::visit([&](const auto& occurred) { implementation_->handle(occurred, now); }, event);
  return implementation_->step(now);
}

std::optional<Instant> Engine::wake_at() const {
  return implementation_->wake_at();
}

SweepState Engine::state(Instant now) const {
  return implementation_->state(now);
}

}  // namespace backfill
