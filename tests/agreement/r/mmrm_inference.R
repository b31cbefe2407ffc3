# The numbers of test_mmrm_inference_against_r.py.
# R 4.2.2, nlme 3.1.162, lme4 1.1.31, lmerTest 3.1.3, pbkrtest 0.5.2, clubSandwich 0.5.8.
# Data: nlme::Orthodont (Potthoff and Roy 1964) without seven of its rows, so that nothing is balanced.
suppressMessages({library(nlme); library(lme4); library(lmerTest); library(pbkrtest); library(clubSandwich)})
options(digits = 16)
show <- function(name, x) cat(name, "\n", paste(sprintf("%.12g", as.numeric(x)), collapse = ", "), "\n")

d <- as.data.frame(nlme::Orthodont)
d <- d[-c(5, 18, 39, 40, 77, 78, 100), ]
d$Subject <- factor(as.character(d$Subject))
d$girl <- as.numeric(d$Sex == "Female")
d$visit <- factor(d$age)
show("distance", d$distance); show("age", d$age); cat(paste(d$Subject, collapse = " "), "\n")

# One random intercept: compound symmetry with a positive covariance.
tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-14, ftol_abs = 1e-14, maxeval = 10000))
both <- lmer(distance ~ visit * girl + (1 | Subject), d, control = tight)
none <- lmer(distance ~ visit + girl + (1 | Subject), d, control = tight)
show("REML loglik", logLik(both)); show("theta", as.data.frame(VarCorr(both))$vcov)
show("beta", fixef(both)); show("vcov", diag(vcov(both))); show("vcovAdj", diag(as.matrix(vcovAdj(both))))
p <- length(fixef(both)); unit <- diag(p)
show("Lb_ddf", sapply(seq_len(p), function(j) Lb_ddf(unit[j, ], as.matrix(vcov(both)), vcovAdj(both))))
test <- KRmodcomp(both, none)$stats
show("KRmodcomp: Fstat ndf ddf p F.scaling", c(test$Fstat, test$ndf, test$ddf, test$p.value, test$F.scaling))
s <- coef(summary(both)); show("lmerTest df", s[, "df"])
md <- contestMD(both, unit[6:8, ]); show("contestMD", unlist(md))

# Sandwiches around generalised least squares with an unstructured and a compound symmetric covariance.
sandwiches <- function(fit, name) {
  show(paste(name, "loglik"), logLik(fit)); show("beta", coef(fit))
  for (type in c("CR0", "CR2", "CR3")) {
    v <- vcovCR(fit, type = type); show(paste(type, "diag"), diag(v))
    show(paste(type, "df"), coef_test(fit, v, test = "Satterthwaite")$df)
    w <- Wald_test(fit, constraints = constrain_zero(6:8), vcov = v, test = "HTZ")
    show(paste(type, "HTZ F df p"), c(w$Fstat, w$df_denom, w$p_val))
  }
}
control <- glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 500, opt = "nlminb")
cs <- gls(distance ~ visit * girl, d, corCompSymm(form = ~ 1 | Subject), control = control)
sandwiches(cs, "cs"); show("sigma rho", c(cs$sigma, coef(cs$modelStruct$corStruct, unconstrained = FALSE)))
d$at <- as.integer(d$visit)
us <- gls(distance ~ visit * girl, d, corSymm(form = ~ at | Subject), varIdent(form = ~ 1 | visit), control = control)
sandwiches(us, "us")
# Weights are not estimated, so nothing of the covariance is fitted here: an identity working covariance.
ols <- gls(distance ~ visit * girl, d)
show("ols sigma", ols$sigma)
for (type in c("CR0", "CR2", "CR3")) {
  v <- vcovCR(ols, cluster = d$Subject, type = type); show(paste("ols", type, "diag"), diag(v))
  show("df", coef_test(ols, v, test = "Satterthwaite")$df)
}
