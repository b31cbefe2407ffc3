# Reference values for test_estimators_against_r.py. Run: Rscript tests/agreement/estimators.R
# Made with R 4.x, survival and emmeans; the data are made up and stand here and in the test alike.
options(digits = 15)
y    <- c(35, 52.5, 20, 0, 47.5, 60, 12.5, 40, 27.5, 55, 67.5, 45, 30, 72.5, 95, 37.5, 50, 62.5, 22.5, 80)
arm  <- rep(c(0, 1), each = 10)
phga <- c(5.1, 6.3, 4.2, 3.9, 5.5, 7.0, 4.4, 5.2, 4.9, 6.1, 5.8, 4.7, 3.6, 6.6, 7.4, 4.1, 5.0, 6.2, 3.8, 7.1)
haq  <- c(1.375, 1.5, 0.75, 1.125, 1.625, 2.25, 0.875, 1.25, 1.5, 1.75, 1.5, 1, 0.625, 2, 2.125, 1.25, 0.75, 1.875, 1, 2.5)
stratum <- factor(c("DM","other","other","DM","DM","other","DM","other","DM","other","other","DM","DM","DM","other","DM","other","DM","DM","other"))

cat("\n## ANCOVA: lm and emmeans\n")
model <- lm(y ~ stratum + phga + haq + arm)
print(summary(model)$coefficients["arm", ]); print(confint(model)["arm", ]); print(sigma(model)); print(df.residual(model))
suppressMessages(library(emmeans))
factored <- lm(y ~ stratum + phga + haq + factor(arm))
means <- as.data.frame(emmeans(factored, "arm"))
for (name in names(means)) { cat(name, ":", format(means[[name]], digits = 15), "\n") }

cat("\n## ANCOVA with a factor of three levels\n")
site <- factor(rep(c("a", "b", "c", "b"), 5))
three <- lm(y ~ site + phga + factor(arm))
print(coef(summary(three))["factor(arm)1", ])
means <- as.data.frame(emmeans(three, "arm"))
for (name in names(means)) { cat(name, ":", format(means[[name]], digits = 15), "\n") }

cat("\n## Welch\n")
t <- t.test(y[arm == 1], y[arm == 0]); print(c(t$statistic, t$parameter, p = t$p.value, t$conf.int, se = t$stderr))

cat("\n## One share: Wilson (prop.test, uncorrected) and Clopper-Pearson (binom.test)\n")
for (pair in list(c(8, 19), c(0, 24), c(24, 24), c(37, 47))) {
  print(c(pair, prop.test(pair[1], pair[2], correct = FALSE)$conf.int, binom.test(pair[1], pair[2])$conf.int))
}

cat("\n## Two shares: Wald (prop.test, uncorrected) and Fisher\n")
print(prop.test(c(37, 21), c(47, 48), correct = FALSE)$conf.int)
print(fisher.test(matrix(c(37, 10, 21, 27), 2))$p.value)
print(prop.test(c(15, 7), c(24, 24), correct = FALSE)$conf.int)
print(fisher.test(matrix(c(15, 9, 7, 17), 2))$p.value)

cat("\n## Kaplan-Meier and log-rank\n")
suppressMessages(library(survival))
week  <- c(4, 4, 8, 8, 8, 12, 12, 12, 26, 26, 4, 4, 4, 4, 8, 8, 12, 12, 26, 52)
event <- c(1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0)
curve <- survfit(Surv(week, event) ~ arm, conf.type = "log-log")
print(summary(curve, censored = TRUE), digits = 12)
print(quantile(curve, 0.5))
test <- survdiff(Surv(week, event) ~ arm); print(c(test$chisq, pchisq(test$chisq, 1, lower.tail = FALSE), test$obs, test$exp))
cat("\n## A curve that rests exactly on one half\n")
rest <- survfit(Surv(c(1, 2, 3, 4), c(1, 1, 1, 1)) ~ 1, conf.type = "log-log"); print(quantile(rest, 0.5)); print(summary(rest)$lower)
cat("\n## Quartiles\n"); print(quantile(phga)); print(sd(phga))
