# The numbers of test_power_against_r.py: R 4.2.2, rpact 3.3.4, pwr 1.3-0. Run: Rscript power.R
suppressMessages({library(rpact); library(pwr)})
show <- function(name, x) cat(name, formatC(x, digits = 15, format = "g"), "\n")

show("power.t.test n", 2 * power.t.test(delta = 16, sd = 19, power = 0.8, tol = 1e-14)$n)
show("power.t.test strict", 2 * power.t.test(delta = 16, sd = 19, power = 0.8, strict = TRUE, tol = 1e-14)$n)
show("power.t.test power", power.t.test(n = 24, delta = 20, sd = 24)$power)
show("power.t.test one-sided", power.t.test(n = 24, delta = 20, sd = 24, alternative = "one.sided", sig.level = 0.025)$power)
show("power.t.test delta", power.t.test(n = 24, sd = 24, power = 0.9, tol = 1e-14)$delta)
show("pwr unequal", pwr.t2n.test(n1 = 32, n2 = 16, d = 20 / 24)$power)
show("rpact t", getSampleSizeMeans(alternative = 16, stDev = 19, sided = 2, alpha = 0.05, beta = 0.2)$nFixed)
show("rpact t ratio 2", getSampleSizeMeans(alternative = 16, stDev = 19, sided = 2, alpha = 0.05, beta = 0.2, allocationRatioPlanned = 2)$nFixed)
show("rpact non-inferiority", getSampleSizeMeans(alternative = 1, thetaH0 = -4, stDev = 10, sided = 1, alpha = 0.025, beta = 0.2)$nFixed)

rates <- function(...) getSampleSizeRates(sided = 2, alpha = 0.05, beta = 0.2, ...)$nFixed
show("rpact rates", rates(pi1 = 0.6, pi2 = 0.4))
show("rpact rates ratio 2", rates(pi1 = 0.6, pi2 = 0.4, allocationRatioPlanned = 2))
show("pwr 2p", 2 * pwr.2p.test(h = ES.h(0.6, 0.4), power = 0.8)$n)
show("power.prop.test", 2 * power.prop.test(p1 = 0.6, p2 = 0.4, power = 0.8, tol = 1e-14)$n)

# Every table with fisher.test, and with prop.test without correction.
enumerate <- function(n1, n2, p1, p2, rejects) {
  total <- 0
  for (a in 0:n1) for (b in 0:n2) if (rejects(a, b)) total <- total + dbinom(a, n1, p1) * dbinom(b, n2, p2)
  total
}
f <- function(n1, n2, alternative, alpha) function(a, b) fisher.test(matrix(c(a, n1 - a, b, n2 - b), 2), alternative = alternative)$p.value <= alpha
s <- function(n1, n2) function(a, b) a + b > 0 && a + b < n1 + n2 && suppressWarnings(prop.test(c(a, b), c(n1, n2), correct = FALSE))$p.value <= 0.05
show("fisher 24 24", enumerate(24, 24, 0.75, 0.4, f(24, 24, "two.sided", 0.05)))
show("fisher 20 30 one-sided", enumerate(20, 30, 0.75, 0.4, f(20, 30, "greater", 0.025)))
show("score 24 24", enumerate(24, 24, 0.75, 0.4, s(24, 24)))

surv <- function(...) getSampleSizeSurvival(sided = 2, alpha = 0.05, beta = 0.2, ...)
a <- surv(hazardRatio = 0.6, lambda2 = log(2) / 20, accrualTime = 12, followUpTime = 12)
show("schoenfeld events n", c(a$eventsFixed, a$nFixed))
a <- surv(hazardRatio = 0.6, lambda2 = log(2) / 20, accrualTime = 12, followUpTime = 12, typeOfComputation = "Freedman", allocationRatioPlanned = 2)
show("freedman events n", c(a$eventsFixed, a$nFixed))
a <- surv(hazardRatio = 0.6, lambda2 = log(2) / 20, accrualTime = 12, followUpTime = 12, dropoutRate1 = 0.1, dropoutRate2 = 0.05, dropoutTime = 12)
show("dropout events n", c(a$eventsFixed, a$nFixed))
