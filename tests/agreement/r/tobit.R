# The numbers of tobit.json: censored normal models by survival::survreg.
#
#   Rscript tests/agreement/r/tobit.R > tests/agreement/r/tobit.json
#
# R 4.2.2, survival 3.5-3, jsonlite.
suppressPackageStartupMessages({library(survival); library(jsonlite)})
tight <- survreg.control(maxiter = 100, rel.tolerance = 1e-14)

told <- function(model) {
  list(
    coefficients = unname(coef(model)), log_sigma = log(model$scale),
    errors = unname(sqrt(diag(vcov(model)))), loglik = model$loglik[2]
  )
}

# Tobin's own 20 households, with the package.
tobin_model <- survreg(Surv(durable, durable > 0, type = "left") ~ age + quant, tobin, dist = "gaussian", control = tight)

# Two arms, a factor of three levels, a covariate: left-censored at limits that move, right-censored, and intervals.
set.seed(20261122)
n <- 60
arm <- rep(0:1, n / 2)
group <- c("a", "b", "c")[1 + (seq_len(n) * 7) %% 3]
x <- round(rnorm(n), 3)
truth <- round(3 + 0.8 * arm + 0.5 * (group == "b") - 0.4 * (group == "c") + 0.6 * x + rnorm(n), 3)
limit <- ifelse(seq_len(n) %% 2 == 0, 2.4, 2.9)
left <- ifelse(truth < limit, NA, truth)
right <- ifelse(truth < limit, limit, truth)
high <- truth > 4.6
right[high] <- NA
left[high] <- 4.6
between <- !high & truth >= limit & seq_len(n) %% 5 == 0
left[between] <- floor(truth[between] * 2) / 2
right[between] <- left[between] + 0.5
several <- survreg(Surv(left, right, type = "interval2") ~ factor(group) + x + arm, dist = "gaussian", control = tight)
below <- truth < limit
one_sided <- survreg(
  Surv(ifelse(below, limit, truth), !below, type = "left") ~ factor(group) + x + arm, dist = "gaussian", control = tight
)
means <- predict(
  one_sided, data.frame(group = rep(c("a", "b", "c"), 2), x = mean(x), arm = rep(0:1, each = 3)), type = "linear"
)
cat(toJSON(list(
  R = R.version.string, survival = as.character(packageVersion("survival")),
  tobin = list(data = as.list(tobin), model = told(tobin_model)),
  trial = list(
    arm = arm, group = group, x = x, truth = truth, limit = limit,
    left = ifelse(is.na(left), -1e308, left), right = ifelse(is.na(right), 1e308, right),
    several = told(several), one_sided = told(one_sided), means = c(mean(means[1:3]), mean(means[4:6]))
  )
), digits = NA, auto_unbox = TRUE, pretty = FALSE), "\n", sep = "")
